"""Settings of the beats and workers of the fault runs: the product's, and jobs that leave traces.

``FAULTS_MACHINE`` lets a process believe that it runs on a machine of its own: what holds a lease
elsewhere cannot be seen to be dead, its lease has to run out.
"""

import os

from workshop.lib import process
from workshop.settings import *  # noqa: F403

CELERY_IMPORTS = ("tests.faults.beat_jobs",)
# A broker may be shared with other runs.
CELERY_TASK_DEFAULT_QUEUE = os.environ.get("FAULTS_QUEUE", "celery")

if machine := os.environ.get("FAULTS_MACHINE"):
    process._place = lambda: machine
