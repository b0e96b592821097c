"""The web server's processes (gunicorn), for `make run` and for the container alike."""

import gc
import os
import signal
from typing import Any

from workshop.lib import metric_files

# Before the application is loaded: what its processes count is added up.
metric_files.begin()
wsgi_app = "workshop.wsgi"
workers = int(os.environ.get("WEB_WORKERS") or "2")
# One request per process at a time: with persistent connections this is the quickest (and a
# thread pool would need a pool of database connections).
worker_class = "sync"
# Loaded once and shared by the processes; no connection is open at that moment.
preload_app = True
timeout = 60
graceful_timeout = 25
keepalive = 5
# Processes that never end would hide a slow leak.
max_requests = 20_000
max_requests_jitter = 2_000
loglevel = "warning"
# The site writes one structured line per request itself.
accesslog = None
errorlog = "-"
_MEMORY = "/dev/shm"  # noqa: S108
if os.path.isdir(_MEMORY):
    # The heartbeat file of a worker must not wait for a slow disk.
    worker_tmp_dir = _MEMORY
# Nobody steers it from outside; two sites of one account would share the socket in their home.
control_socket_disable = True
limit_request_line = 4094
limit_request_fields = 100


def on_starting(server: Any) -> None:
    """Ctrl-C ends the site as a service manager does; gunicorn would break requests off."""
    server.handle_int = server.handle_term


def post_worker_init(worker: Any) -> None:
    """A terminal sends Ctrl-C to the workers as well: each ends the request that it is at."""
    signal.signal(signal.SIGINT, worker.handle_exit)
    signal.siginterrupt(signal.SIGINT, False)


def pre_fork(_server: Any, worker: Any) -> None:
    worker.metrics_place = metric_files.assign(worker.age)


def post_fork(_server: Any, worker: Any) -> None:
    metric_files.enter(worker.metrics_place)


def child_exit(_server: Any, worker: Any) -> None:
    metric_files.leave(worker.age)


def when_ready(_server: Any) -> None:
    """What the application consists of lives as long as it does: the collector need not look
    through it again and again, nor the processes copy its memory for that.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)  # a list makes a thousand objects that are gone at once
