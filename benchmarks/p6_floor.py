"""The floor of P6: how many tasks that do nothing a Celery worker finishes in a second.

As fast as it gets: threads, messages fetched ahead without a limit, acknowledged early. Prints the
rate, measured from the first task to the last; publishing is not measured.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from celery import Celery

THREADS = 4


def main(broker: str, count: int) -> None:
    app = Celery("floor", broker=broker)
    app.conf.update(
        task_ignore_result=True,
        worker_prefetch_multiplier=0,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
    )
    lock = threading.Lock()
    done, began = 0, 0.0

    @app.task(name="floor.nothing")
    def nothing() -> None:
        nonlocal done, began
        with lock:
            done += 1
            if done == 1:
                began = time.perf_counter()
            if done == count:
                rate = (count - 1) / (time.perf_counter() - began)
                os.write(1, f"{rate}\n".encode())  # Celery has put a logger in the place of stdout
                os._exit(0)

    app.control.purge()
    with app.producer_pool.acquire(block=True) as producer:
        for _number in range(count):
            nothing.apply_async(producer=producer)
    # fmt: off
    app.worker_main(
        ["--quiet", "worker", "--pool", "threads", "--concurrency", str(THREADS),
         "--loglevel", "CRITICAL", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    )
    # fmt: on


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
