"""Periodic jobs: declared in an app's ``tasks.py``, each slot claimed by one run, all recorded.

A beat only says "look whether you are due", and may say it twice or not at all. What is due is
asked of the database: the schedule in its row, the last slot that is done.
"""

from history.jobs.declaring import declared_jobs, job
from history.jobs.schedules import daily, every, monthly, weekly
from history.jobs.turn import JobFailed, Turn

__all__ = ["JobFailed", "Turn", "daily", "declared_jobs", "every", "job", "monthly", "weekly"]
