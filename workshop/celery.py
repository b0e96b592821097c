"""The Celery application. It names apps as strings only; tasks are found in `<app>/tasks.py`."""

import logging.config
import os
import signal
import threading
import warnings
from pathlib import Path
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import beat_init, setup_logging, worker_ready, worker_shutting_down
from django.conf import settings
from kombu.transport import TRANSPORT_ALIASES

from workshop.lib import stopping
from workshop.lib.scraping import serve

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workshop.settings")

# Ten lines about running as root, where everything else of the container runs so too. Messages are
# JSON and never executed, which is what the warning is about.
warnings.filterwarnings("ignore", category=SecurityWarning)

TRANSPORT_ALIASES["filesystem"] = "workshop.file_broker:Transport"

app = Celery("workshop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def make_folders() -> None:
    """Creates the folders of the filesystem broker; without them the first message is lost."""
    for name in ("data_folder_in", "data_folder_out", "control_folder"):
        if path := settings.CELERY_BROKER_TRANSPORT_OPTIONS.get(name):
            Path(path).mkdir(parents=True, exist_ok=True)


@setup_logging.connect  # type: ignore[untyped-decorator]
def use_own_logging(**_kwargs: Any) -> None:
    """A worker writes the same masked lines as the site does."""
    logging.config.dictConfig(settings.LOGGING)


@worker_ready.connect(dispatch_uid="metrics-of-the-worker")  # type: ignore[untyped-decorator]
def _tell_of_the_worker(**_kwargs: Any) -> None:
    serve(settings.METRICS_PORT_WORKER)


@beat_init.connect(dispatch_uid="metrics-of-the-schedule")  # type: ignore[untyped-decorator]
def _tell_of_the_schedule(**_kwargs: Any) -> None:
    serve(settings.METRICS_PORT_BEAT)


@beat_init.connect(dispatch_uid="end-of-the-schedule")  # type: ignore[untyped-decorator]
def _end_between_two_looks(sender: Any, **_kwargs: Any) -> None:
    """Celery's own handler writes to the database from within the signal: one that finds a
    statement on its way would wait for the connection that it holds itself, for ever.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        if callable(signal.getsignal(number)):  # not where a worker's child leaves it to its parent
            signal.signal(number, lambda *_: sender.scheduler.end())


@worker_shutting_down.connect(dispatch_uid="workshop-stopping")  # type: ignore[untyped-decorator]
def note_the_end(**_kwargs: Any) -> None:
    """Long work has to know: a warm shutdown waits for it, the system only 30 seconds."""
    stopping.ask()
