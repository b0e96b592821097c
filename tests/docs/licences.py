"""`make licences`: writes docs/licences.md, the licences of what the product stands on.

They are read from the packages that are installed, by the names in requirements.lock. A licence
that has not been looked at stops it: whether it goes with ours is decided by a person, once, below.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys

from tests.docs import pages

PAGE = pages.ROOT / "docs" / "licences.md"
LOCK = pages.ROOT / "requirements.lock"
_LOCKED = re.compile(
    r"^([a-z0-9][\w.-]*)(?:\[[^\]]*\])?==[^ ]+(?P<some> ;[^\\]*)? \\$", re.MULTILINE
)
_ON_CPYTHON = "implementation_name != 'pypy'"

# How a package says it -> the name by SPDX. "BSD" alone leaves open which of two equal-minded ones.
NAMES = {
    "PSF-2.0": "PSF-2.0", "PSFL": "PSF-2.0", "Apache 2.0": "Apache-2.0", "Apache-2.0": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD": "BSD", "New BSD": "BSD-3-Clause", "BSD License": "BSD", "BSD-2-Clause": "BSD-2-Clause",
    "BSD-3-Clause": "BSD-3-Clause", "MIT": "MIT", "MIT License": "MIT", "MIT-0": "MIT-0",
    "MIT-CMU": "MIT-CMU", "MPL-2.0": "MPL-2.0", "LGPL-3.0-only": "LGPL-3.0", "LGPLv3": "LGPL-3.0",
    "Apache-2.0 AND MIT": "Apache-2.0, MIT", "MIT OR Apache-2.0": "Apache-2.0 or MIT",
    "Apache-2.0 OR BSD-3-Clause": "Apache-2.0 or BSD-3-Clause",
    "Apache-2.0 OR BSD-2-Clause": "Apache-2.0 or BSD-2-Clause",
    "BSD 3-Clause OR Apache-2.0": "Apache-2.0 or BSD-3-Clause", "Dual License": "Apache-2.0 or BSD",
    "MPL-2.0 AND (Apache-2.0 OR MIT)": "MPL-2.0, and Apache-2.0 or MIT",
    "Apache-2.0 AND BSD-2-Clause": "Apache-2.0, BSD-2-Clause",
}  # fmt: skip
# Nothing in their metadata: read in the licence file that comes with them.
BY_FILE = {"pyrage": "MIT", "resvg-py": "MIT"}


class Unknown(Exception):
    """A licence that has not been looked at."""


def locked() -> list[str]:
    """The product's packages; those that only some versions of Python need are left out."""
    text = LOCK.read_text(encoding="utf-8")
    return [
        found[1]
        for found in _LOCKED.finditer(text)
        if not found["some"] or _ON_CPYTHON in found["some"]
    ]


def licence(name: str) -> str:
    """Raises Unknown, with the words of the package."""
    metadata = importlib.metadata.metadata(name)
    kinds = metadata.get_all("Classifier") or []
    said = [one.rsplit(" :: ", 1)[-1] for one in kinds if one.startswith("License")]
    words = metadata.get("License-Expression") or metadata.get("License") or " ".join(said)
    found = BY_FILE.get(name) or NAMES.get(words.strip())
    if found is None:
        raise Unknown(f"{name} says {words!r}: decide about it in tests/docs/licences.py")
    return found


def table() -> str:
    found = {name: licence(name) for name in locked()}
    rows = [f"| {name} | {words} |" for name, words in found.items()]
    return "\n".join(["| package | licence |", "|---|---|", *rows])


def page(present: str) -> str:
    """The page with the table of today."""
    return pages.with_block(present, "packages", table())


if __name__ == "__main__":
    try:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    except Unknown as error:
        sys.exit(str(error))
