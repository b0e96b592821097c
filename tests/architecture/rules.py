"""The rules of the code base as functions: a module in, findings out."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import FLOORS, Finding, Module, calls, imports
from workshop.lib import masking

FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "util", "helper"}
LONGEST_MODULE = 500
LONGEST_FUNCTION = 60

WRITES = {
    "save", "create", "update", "delete", "bulk_create", "bulk_update", "get_or_create",
    "update_or_create", "acreate", "aupdate", "adelete", "asave", "abulk_create",
    "aget_or_create", "aupdate_or_create", "raw_update",
}  # fmt: skip
# Words that mean a row only when they are called on a model or a queryset.
_ROWS = re.compile(
    r"(\.objects\b|_default_manager|\.filter\(\)|\.exclude\(\)|\.all\(\)|\.select_for_update\(\)"
    r"|queryset|_set\b|\.using\(\)|\.get\(\)\.)"
)
_ALWAYS = WRITES - {"save", "create", "update", "delete"}


# Files outside services/ that write, each with its reason.
WRITERS = {
    "staff/groups.py": "Django's own groups and permissions, granted after every migrate",
}


def _floor(name: str) -> int | None:
    for height, floor in enumerate(FLOORS):
        if name == floor or name.startswith(f"{floor}."):
            return height
    return None


def _module_name(source: Module) -> str:
    return ".".join(source.path.with_suffix("").parts)


def imports_point_down(source: Module) -> Iterator[Finding]:
    """A floor never imports one above it; nobody imports the simulator; wiring names apps as text.

    Tests may import what they like of their own floor and below, and the simulator.
    """
    own = _floor(_module_name(source))
    for line, name in imports(source):
        if name.split(".")[0] == "simulator" and source.package != "simulator":
            if not source.is_test:
                yield Finding(source.path, line, f"imports {name}: the simulator is never imported")
            continue
        target = _floor(name)
        if source.package == "simulator":
            if target is not None or name.startswith("workshop"):
                text = f"imports {name}: the simulator stands alone"
                yield Finding(source.path, line, text)
        elif own is None:
            # workshop's wiring: its tests and checks of the whole may look at the apps.
            if target and not source.is_test:
                text = f"imports {name}: the wiring names apps as strings only"
                yield Finding(source.path, line, text)
        elif target is not None and target > own:
            yield Finding(source.path, line, f"imports {name}, which stands above it")
        elif name.startswith("workshop.") and target is None and not _wiring_allowed(source, name):
            yield Finding(source.path, line, f"imports {name}: apps know workshop.lib only")


def _wiring_allowed(source: Module, name: str) -> bool:
    # Tests check the settings; the Celery application is reached through shared_task.
    return source.is_test and name.startswith(("workshop.settings", "workshop.urls"))


def _may_write(source: Module) -> bool:
    parts = source.path.parts
    return (
        source.is_test
        or source.is_migration
        or source.package in {"history", "workshop", "simulator"}
        or "services" in parts
        or source.path.name == "services.py"
        or str(source.path) in WRITERS
        # The bot's own technical tables (inbox, dialogs, outgoing queue) belong to it alone.
        or source.package == "botapp"
        # Catalogues that come with the product, and demo data.
        or source.path.name in {"seed.py", "seeds.py", "seed_demo.py"}
        or "seeds" in parts
        or "demo" in parts
    )


def only_services_write(source: Module) -> Iterator[Finding]:
    if _may_write(source):
        return
    for node, name in calls(source):
        base, _, verb = name.rpartition(".")
        if verb not in WRITES:
            continue
        own_rows = bool(_ROWS.search(f"{base}."))
        on_super = base.startswith("super()")
        if verb == "save" and not on_super and base and base != "?":
            own_rows = own_rows or not base.endswith(("form", "formset", "image", "workbook"))
        if verb in _ALWAYS or own_rows:
            yield Finding(source.path, node.lineno, f"{name}(): only services write")


_CLOCKS = re.compile(
    r"^(?:datetime\.)*(?:datetime\.(?:now|utcnow|today|fromtimestamp)|date\.today)$"
    r"|^(?:django\.utils\.)?timezone\.(?:now|localtime|localdate)$|^time\.(?:time|localtime)$"
)


def time_comes_from_the_clock(source: Module) -> Iterator[Finding]:
    """datetime.now(), date.today(), timezone.now() and time.time() live in workshop.lib.clock."""
    if str(source.path) == "workshop/lib/clock.py" or source.is_test:
        return
    if source.is_migration or source.package == "simulator":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute):
            name = _dotted_name(node)
            if _CLOCKS.match(name):
                yield Finding(source.path, node.lineno, f"{name}: time comes from the clock")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.keyword) and node.arg in {"auto_now", "auto_now_add"}:
            line = node.value.lineno
            yield Finding(source.path, line, f"{node.arg}: time comes from the clock")


def _dotted_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def names_say_what_is_inside(source: Module) -> Iterator[Finding]:
    for part in source.path.with_suffix("").parts:
        if part in FORBIDDEN_NAMES:
            yield Finding(source.path, 1, f"a module named {part} says nothing")


def locks_are_built_in_one_place(source: Module) -> Iterator[Finding]:
    if source.is_test or source.path.name in {"locks.py", "lease.py"}:
        return
    for node, name in calls(source):
        if name.endswith("select_for_update"):
            text = "select_for_update() outside locks.py: the order of locks is written there"
            yield Finding(source.path, node.lineno, text)


def nothing_is_too_long(source: Module) -> Iterator[Finding]:
    if source.is_migration:
        return
    lines = source.text.count("\n")
    if lines > LONGEST_MODULE:
        yield Finding(source.path, lines, f"{lines} lines: split it by aggregate")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield Finding(source.path, node.lineno, f"{node.name} has {length} lines")


def no_error_is_swallowed(source: Module) -> Iterator[Finding]:
    """`except …: pass` hides what went wrong; suppress() with a reason says what is expected."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        if all(isinstance(step, ast.Pass) for step in node.body):
            yield Finding(source.path, node.lineno, "an error is swallowed")
        if node.type is None:
            yield Finding(source.path, node.lineno, "a bare except also catches Ctrl-C")


LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})


def log_lines_are_whole(source: Module) -> Iterator[Finding]:
    """A text with values in it does not reach the log, and no field that is not on its list
    (workshop.lib.masking): whoever writes the line should see that at once.
    """
    if source.is_test or source.package == "simulator":
        return
    for node in ast.walk(source.tree):
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "logger"
        ):
            continue
        given = node.args[1:] if node.func.attr == "log" else node.args
        if len(given) != 1 or not all(isinstance(one, ast.Constant) for one in _choices(given[0])):
            yield Finding(source.path, node.lineno, "a line of the log is one text, whole")
        for name in _fields(node):
            if masking.field(name, 1) != 1:
                yield Finding(source.path, node.lineno, f"the log shows no {name!r}")


def _choices(node: ast.expr) -> list[ast.expr]:
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]


def _fields(call: ast.Call) -> Iterator[str]:
    """Of an ``extra`` that is written out in the call."""
    for word in call.keywords:
        if word.arg == "extra" and isinstance(word.value, ast.Dict):
            for key in word.value.keys:
                if isinstance(key, ast.Constant):
                    yield str(key.value)


def no_signal_carries_rules(source: Module) -> Iterator[Finding]:
    """Rules live in services: no receiver of a model's save or delete."""
    if source.is_test:
        return
    for line, name in imports(source):
        if re.search(r"signals\.(pre|post)_(save|delete)$|signals\.m2m_changed$", name):
            yield Finding(source.path, line, f"imports {name}: rules live in services")


def nothing_unfinished(source: Module) -> Iterator[Finding]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.search(r"#.*\b(?:TODO|FIXME|XXX|HACK)\b", line):
            yield Finding(source.path, number, "unfinished: do it or leave it out")


RULES = (
    imports_point_down,
    only_services_write,
    time_comes_from_the_clock,
    names_say_what_is_inside,
    locks_are_built_in_one_place,
    nothing_is_too_long,
    no_error_is_swallowed,
    log_lines_are_whole,
    no_signal_carries_rules,
    nothing_unfinished,
)
