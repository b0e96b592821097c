"""Every rule on the whole product, and every rule on a sample that breaks it."""

from collections.abc import Callable, Iterator

import pytest

from tests.architecture import rules
from tests.architecture.source import Finding, Module, module, product, report

Rule = Callable[[Module], Iterator[Finding]]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_product_keeps_the_rule(rule: Rule) -> None:
    findings = [finding for source in product() for finding in rule(source)]
    assert not findings, f"\n{report(findings)}"


LONG = "def long():\n" + "    x = 1\n" * 61
BROKEN: list[tuple[Rule, str, str, int]] = [
    (rules.imports_point_down, "history/record.py", "from receipts.models import Receipt", 1),
    (rules.imports_point_down, "staff/a.py", "def f():\n    import botapp.inbox", 2),
    (rules.imports_point_down, "workshop/lib/a.py", "from history import models", 1),
    (rules.imports_point_down, "workshop/urls.py", "from receipts import views", 1),
    (rules.imports_point_down, "botapp/bot.py", "from simulator.testing import SimServer", 1),
    (rules.imports_point_down, "simulator/a.py", "from staff import models", 1),
    (rules.imports_point_down, "receipts/a.py", "from workshop.urls import urlpatterns", 1),
    (rules.imports_point_down, "staff/api/views.py", "from ...receipts import models", 1),
    (rules.only_services_write, "receipts/admin.py", "receipt.save()", 1),
    (rules.only_services_write, "receipts/api/views.py", "Receipt.objects.create(number=1)", 1),
    (
        rules.only_services_write,
        "receipts/selectors.py",
        "R.objects.filter(a=1).update(b=2)",
        1,
    ),
    (rules.only_services_write, "staff/admin.py", "Employee.objects.all().delete()", 1),
    (rules.only_services_write, "staff/tasks.py", "Employee.objects.get_or_create(a=1)", 1),
    (rules.time_comes_from_the_clock, "staff/a.py", "x = datetime.now(UTC)", 1),
    (rules.time_comes_from_the_clock, "staff/a.py", "x = datetime.datetime.utcnow()", 1),
    (rules.time_comes_from_the_clock, "staff/a.py", "f(default=timezone.now)", 1),
    (rules.time_comes_from_the_clock, "staff/a.py", "x = date.today()", 1),
    (rules.time_comes_from_the_clock, "staff/a.py", "F(auto_now_add=True)", 1),
    (rules.names_say_what_is_inside, "staff/utils.py", "", 1),
    (rules.names_say_what_is_inside, "staff/helpers/a.py", "", 1),
    (
        rules.locks_are_built_in_one_place,
        "staff/services/a.py",
        "A.objects.select_for_update()",
        1,
    ),
    (rules.nothing_is_too_long, "staff/a.py", LONG, 1),
    (rules.nothing_is_too_long, "staff/a.py", "x = 1\n" * 501, 501),
    (rules.no_error_is_swallowed, "staff/a.py", "try:\n    f()\nexcept ValueError:\n    pass", 3),
    (rules.no_error_is_swallowed, "staff/a.py", "try:\n    f()\nexcept:\n    g()", 3),
    (rules.log_lines_are_whole, "staff/a.py", 'logger.info(f"{name} came")', 1),
    (rules.log_lines_are_whole, "staff/a.py", 'logger.info("%s came", name)', 1),
    (rules.log_lines_are_whole, "staff/a.py", 'logger.info("came", extra={"phone": 1})', 1),
    (
        rules.no_signal_carries_rules,
        "staff/a.py",
        "from django.db.models.signals import pre_save",
        1,
    ),
    (rules.nothing_unfinished, "staff/a.py", "x = 1  # TO" + "DO: later", 1),
]
KEPT: list[tuple[Rule, str, str]] = [
    (rules.imports_point_down, "receipts/a.py", "from history.record import record_event"),
    (rules.imports_point_down, "receipts/a.py", "from workshop.lib import clock"),
    (rules.imports_point_down, "botapp/tests/test_a.py", "from simulator.testing import SimServer"),
    (rules.imports_point_down, "staff/services/a.py", "from ..models import Employee"),
    (rules.only_services_write, "receipts/services/a.py", "Receipt.objects.create()"),
    (rules.only_services_write, "receipts/a.py", "digest.update(b'x'); values.update({})"),
    (rules.time_comes_from_the_clock, "workshop/lib/clock.py", "datetime.now(UTC)"),
    (rules.time_comes_from_the_clock, "staff/a.py", "clock.now(); time.monotonic()"),
    (rules.locks_are_built_in_one_place, "staff/locks.py", "A.objects.select_for_update()"),
    (rules.names_say_what_is_inside, "staff/names.py", ""),
]


@pytest.mark.parametrize(("rule", "path", "text", "line"), BROKEN)
def test_the_rule_sees_what_breaks_it(rule: Rule, path: str, text: str, line: int) -> None:
    findings = list(rule(module(path, text)))
    assert findings, "the rule is blind to this"
    assert str(findings[0]).startswith(f"{path}:{line} ")


@pytest.mark.parametrize(("rule", "path", "text"), KEPT)
def test_the_rule_lets_the_right_thing_pass(rule: Rule, path: str, text: str) -> None:
    assert list(rule(module(path, text))) == []


def test_every_exception_still_exists() -> None:
    assert set(rules.WRITERS) <= {str(source.path) for source in product()}


def test_every_rule_has_a_sample_that_breaks_it() -> None:
    assert {rule for rule, *_ in BROKEN} == set(rules.RULES)
