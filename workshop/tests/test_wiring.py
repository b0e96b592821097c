"""What only shows when the parts are put together."""

from pathlib import Path
from typing import Any

from celery import current_app, shared_task

from workshop.celery import app, make_folders


def test_a_task_of_any_app_finds_our_broker() -> None:
    @shared_task(name="workshop.tests.sample")
    def sample() -> None:
        """Stands for a task of an app."""

    assert current_app.main == "workshop"
    assert sample.app.main == "workshop"
    assert app.conf.beat_scheduler == "history.jobs.scheduler:LeadingScheduler"


def test_the_folders_of_the_queue_are_made(tmp_path: Path, settings: Any) -> None:
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(tmp_path / "broker" / "queue"),
        "data_folder_out": str(tmp_path / "broker" / "queue"),
        "control_folder": str(tmp_path / "broker" / "control"),
    }
    make_folders()
    assert (tmp_path / "broker" / "queue").is_dir()
    assert (tmp_path / "broker" / "control").is_dir()
