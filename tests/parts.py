"""The parts of `make test`: which test runs on what.

`sqlite` is everything but the browser. `browser` is a part of its own: Playwright keeps an event
loop running in its process, where no other loop can be started. `postgres` repeats what touches a
database, except for the places below. `programs` are the fault runs and benchmarks at a twentieth:
they start processes of their own and kill them, two tests at a time.
"""

from pathlib import Path

import pytest
from django.test import TestCase, TransactionTestCase

PARTS = ("sqlite", "browser", "postgres", "programs")
# The mark of those parts that consist of marked tests.
MARKS = {"browser": "browser", "programs": "program"}
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}
ROOT = Path(__file__).resolve().parents[1]

# What these prove does not depend on the database: the services and queries below them are proven
# on PostgreSQL by tests of their own. A test marked `postgres` runs there wherever it stands.
SQLITE_ALONE = {
    "analytics/tests/test_pictures.py": "drawings",
    "analytics/tests/test_reports_": "files and forms; the measures run in the tests beside it",
    "analytics/tests/test_trend.py": "charts; the roll-ups run in test_rollups.py",
    "botapp/tests/test_board.py": "tables in words",
    "botapp/tests/test_dialogs.py": "how the engine of the dialogues leads",
    "botapp/tests/test_flow_": "screens and their words; the verbs run in tests/domain",
    "botapp/tests/test_simulator.py": "the messenger",
    "staff/tests/test_policies.py": "who may: no query",
    "tests/api/test_schema.py": "the description and its pages",
    "tests/day/": "screens of the bot; `python -m tests.day` runs on PostgreSQL",
    "tests/domain/test_transition_table.py": "what may follow what; the verbs run in test_verbs.py",
    "tests/metrics/test_series.py": "words; what is read of the database runs in test_readings.py",
    "tests/machine/": "the model against the verbs, which tests/domain and tests/races press there",
    "tests/api/test_language.py": "words",
    "tests/office/test_home.py": "the page; the measures run in analytics",
    "tests/office/test_jobs.py": "the page; the claims of jobs run in history",
    "tests/office/test_language.py": "words",
    "tests/office/test_list_cost.py": "how often lists ask, not what",
    "tests/office/test_loads.py": "pages; the measures run in analytics",
    "tests/office/test_numbers": "pages; the measures run in analytics",
    "tests/office/test_person_numbers.py": "a page; the measures run in analytics",
    "tests/office/test_pages.py": "pages of each model",
    "tests/office/test_staff_and_catalogues.py": "forms",
    "tests/office/test_verbs.py": "forms; the verbs run in tests/domain",
    "tests/walker/": "screens of the bot",
    "workshop/tests/test_processes.py": "programs",
}
# Inside those places, because it searches or counts rows.
ON_BOTH = ("botapp/tests/test_flow_find.py",)


def uses_database(item: pytest.Item) -> bool:
    names = set(getattr(item, "fixturenames", ()))
    case = getattr(item, "cls", None)
    return (
        bool(names & DATABASE_FIXTURES)
        or item.get_closest_marker("django_db") is not None
        or (case is not None and issubclass(case, TransactionTestCase | TestCase))
    )


def belongs(item: pytest.Item, part: str) -> bool:
    """Whether the test runs in this part."""
    if item.get_closest_marker("program"):
        return part == "programs"
    if item.get_closest_marker("browser"):
        return part == "browser"
    if part == "postgres":
        return uses_database(item) and not left_to_sqlite(item)
    return part == "sqlite"


def left_to_sqlite(item: pytest.Item) -> bool:
    """Whether a test of the database is not repeated on PostgreSQL."""
    apart = item.get_closest_marker("browser") or item.get_closest_marker("program")
    if apart or not uses_database(item):
        return False
    place = item.path.relative_to(ROOT).as_posix()
    if item.get_closest_marker("postgres") or place.startswith(ON_BOTH):
        return False
    return item.get_closest_marker("sqlite") is not None or place.startswith(tuple(SQLITE_ALONE))
