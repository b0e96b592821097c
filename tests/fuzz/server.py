"""The site as it is deployed (gunicorn, its own configuration), on the database of a run."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from types import TracebackType

from tests.faults.setup import ROOT, WAIT, Place, free_port, wait_until

UNLIMITED = {
    "API_RATE": "1000000",
    "API_ANALYTICS_RATE": "1000000",
    "API_ADDRESS_RATE": "10000000",
}


class Site:
    """``with Site(place) as site``: answers at ``site.url`` until the end of the block."""

    def __init__(self, place: Place, *, workers: int = 2) -> None:
        self._place, self._workers = place, workers
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = place.folder / "site.log"

    def __enter__(self) -> Site:
        command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
        command += ["--bind", self.url.removeprefix("http://")]
        own = {**UNLIMITED, "WEB_WORKERS": str(self._workers)}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env={**self._place.environment, **own}, stdout=log, stderr=log
            )
        wait_until(self._answers)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(WAIT)

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the site ended: {self.log.read_text()[-3000:]}")
        try:
            with urllib.request.urlopen(f"{self.url}/health/live", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def bugs(self) -> list[str]:
        """What the site itself wrote about errors of its own."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if "Traceback" in line or '"level": "error"' in line]
