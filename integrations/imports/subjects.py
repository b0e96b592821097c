"""The kinds of rows that can be imported, with their columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from integrations.events import SUBJECTS as NAMES
from integrations.imports import cells
from integrations.imports.cells import CellError, Moment, Parser
from integrations.imports.columns import Column, Subject
from integrations.imports.customers import CustomerImporter
from integrations.imports.employees import EmployeeImporter
from integrations.imports.known import Known, shown_names
from integrations.imports.receipts import ReceiptImporter
from receipts.models import (
    Metal,
    OperationType,
    Receipt,
    RefusalReason,
    ReturnReason,
    WaiverReason,
)
from receipts.numbers import Number, normalise_number
from receipts.phones import normalise_phone
from receipts.services.watches import TEXTS, clean_bar
from staff import roles
from staff.models import Employee
from staff.names import FULL_LENGTH, SHORT_LENGTH
from workshop.lib.errors import RuleViolation
from workshop.lib.text import COMMENT_LENGTH

_WORK = re.compile(r"(?P<type>[^:]+):\s*(?P<rest>.+)", re.DOTALL)
_WITH_MOMENT = re.compile(r"(?P<person>.*?)[\s,(]+(?P<moment>\d[\dT.:/+Z\s-]*)\)?", re.DOTALL)


def _always(parser: Parser) -> Callable[[Known], Parser]:
    return lambda _known: parser


def _line(limit: int) -> Callable[[Known], Parser]:
    return _always(cells.line(limit))


def _checked(function: Callable[[str], Any]) -> Callable[[Known], Parser]:
    """A rule of the services, asked at the cell."""

    def parse(cell: Any) -> Any:
        try:
            return function(cells.text(cell))
        except RuleViolation as error:
            raise CellError(error.text()) from None

    return _always(parse)


def _number(raw: str) -> Number:
    return normalise_number(raw)


def _works(known: Known) -> Parser:
    """``Assembly: Ivanov I. 25.12.2026 18:00; Polishing: …``: what, by whom, perhaps when."""
    type_of, person_of = known.type(), known.person()

    def parse_one(text: str) -> tuple[int, int, Moment | None]:
        match = _WORK.fullmatch(text)
        if match is None:
            raise CellError(_now("Write “kind of work: person, date”; several with a semicolon."))
        person, moment = match["rest"].strip(), None
        timed = _WITH_MOMENT.fullmatch(person)
        if timed is not None:
            person, moment = timed["person"], cells.moment(timed["moment"])
        return type_of(match["type"]), person_of(person), moment

    def parse(cell: Any) -> list[tuple[int, int, Moment | None]]:
        parts = [part.strip() for part in re.split(r"[;\n]", cells.text(cell))]
        return [parse_one(part) for part in parts if part]

    return parse


def _labels(choices: Any) -> Callable[[], list[str]]:
    return lambda: [str(label) for _code, label in choices]


_CUSTOMER: Final = (
    Column(
        "phone",
        _("Phone"),
        _checked(normalise_phone),
        "+7 916 123-45-67",
        aliases=("телефон клиента", "тел", "тел.", "мобильный", "customer phone", "phone number"),
    ),
)
_WATCH: Final = (
    Column("brand", _("Brand"), _line(TEXTS["brand"]), "Omega", aliases=("бренд", "марка часов")),
    Column("model", _("Model"), _line(TEXTS["model"]), "Seamaster", aliases=("модель часов",)),
    Column(
        "reference",
        _("Reference"),
        _line(TEXTS["reference"]),
        "210.30.42",
        aliases=("реф", "реф.", "ref"),
    ),
    Column(
        "serial",
        _("Serial number"),
        _line(TEXTS["serial"]),
        "78123456",
        aliases=("серийный", "сер. номер", "заводской номер", "serial no"),
    ),
    Column("movement_number", _("Movement number"), _line(TEXTS["movement_number"])),
    Column("calibre", _("Calibre"), _line(TEXTS["calibre"]), "8800", aliases=("механизм",)),
    Column(
        "metal",
        _("Case metal"),
        Known.metal,
        "",
        aliases=("металл", "материал корпуса", "материал"),
        choices=lambda: shown_names(Metal),
    ),
    Column(
        "water_resistance_bar",
        _("Water resistance, bar"),
        _checked(clean_bar),
        30,
        aliases=("водозащита", "wr"),
    ),
)
_MOMENT: Final = _always(cells.moment)
_MONEY: Final = _always(cells.decimal)
_FLAG: Final = _always(cells.flag)
_YES_NO: Final = _("yes / no")
_TEXT: Final = _line(COMMENT_LENGTH)

RECEIPTS: Final = Subject(
    "receipts",
    _("Receipts"),
    (
        Column(
            "number",
            _("Receipt number"),
            _checked(_number),
            "A-1001",
            required=True,
            aliases=("номер", "№", "квитанция", "№ квитанции", "number", "receipt"),
        ),
        Column(
            "received_at",
            _("Received at"),
            _MOMENT,
            "01.10.2026 12:30",
            aliases=(
                "дата приема",
                "принят",
                "принято",
                "принята",
                "приняты",
                "дата",
                "received",
                "date",
            ),
        ),
        Column(
            "deadline",
            _("Deadline"),
            _MOMENT,
            "25.12.2026",
            aliases=("срок", "срок готовности", "готовность", "due", "due date"),
        ),
        Column("urgent", _("Urgent"), _FLAG, "", aliases=("срочно", "срочная"), about=_YES_NO),
        Column(
            "customer",
            _("Customer"),
            _line(150),
            _("Ivanova Maria"),
            aliases=("имя клиента", "фио", "фио клиента", "заказчик", "имя", "customer name"),
        ),
        *_CUSTOMER,
        *_WATCH,
        Column(
            "complaint",
            _("Complaint"),
            _TEXT,
            _("stops at night"),
            aliases=("неисправность", "дефект", "жалоба", "заявленная неисправность"),
        ),
        Column("condition", _("Condition at intake"), _TEXT, aliases=("состояние",)),
        Column("completeness", _("Completeness"), _line(1000), aliases=("комплект",)),
        Column(
            "links_count", _("Bracelet links"), _always(cells.whole(32767)), aliases=("звенья",)
        ),
        Column("description", _("Neutral description"), _line(300), aliases=("описание",)),
        Column("declared_value", _("Declared value"), _MONEY, aliases=("оценка", "ценность")),
        Column("agreed_price", _("Agreed price"), _MONEY, 12000, aliases=("цена", "стоимость")),
        Column("prepayment", _("Prepayment"), _MONEY, aliases=("аванс",)),
        Column(
            "agreed_works",
            _("Agreed works"),
            Known.works,
            about=_("several with commas"),
            choices=lambda: shown_names(OperationType),
        ),
        Column("do_not_polish", _("Do not polish"), _FLAG, about=_YES_NO),
        Column("place", _("Place"), _line(60), aliases=("ячейка", "место")),
        Column(
            "visit_kind",
            _("Kind of visit"),
            Known.visit_kind,
            choices=_labels(Receipt.VisitKind.choices),
        ),
        Column("comment", _("Comment"), _TEXT, aliases=("примечание", "заметка")),
        Column(
            "master",
            _("Master"),
            Known.person,
            aliases=("исполнитель",),
            choices=lambda: shown_names(Employee),
        ),
        Column("assigned_at", _("Handed to the master at"), _MOMENT, aliases=("передано",)),
        Column(
            "works",
            _("Works done"),
            _works,
            about=_("kind of work: person, date; several with semicolons"),
            aliases=("работы", "выполненные работы"),
        ),
        Column("polisher", _("Polisher"), Known.person, choices=lambda: shown_names(Employee)),
        Column("polishing_sent_at", _("Sent to polishing at"), _MOMENT),
        Column("polishing_back_at", _("Back from polishing at"), _MOMENT),
        Column("returned_at", _("Returned from QC at"), _MOMENT, aliases=("возврат отк",)),
        Column(
            "return_reasons",
            _("Reasons for return"),
            Known.return_reasons,
            about=_("several with commas"),
            choices=lambda: shown_names(ReturnReason),
        ),
        Column("return_comment", _("Comment on the return"), _TEXT),
        Column(
            "waiver_reason",
            _("Work is not required because"),
            Known.waiver_reason,
            about=_("for required works that are not recorded"),
            choices=lambda: shown_names(WaiverReason),
        ),
        Column(
            "passed_at", _("Passed QC at"), _MOMENT, aliases=("отк пройден", "готово", "готовы")
        ),
        Column("refused_at", _("Repair refused at"), _MOMENT),
        Column(
            "refusal_reason",
            _("Reason for refusal"),
            Known.refusal_reason,
            choices=lambda: shown_names(RefusalReason),
        ),
        Column("issued_at", _("Handed out at"), _MOMENT, aliases=("выдано", "выдана", "выданы")),
        Column("received_by", _("Received by"), _line(150)),
    ),
    ReceiptImporter,
)

CUSTOMERS: Final = Subject(
    "customers",
    _("Customers and watches"),
    (
        Column(
            "customer",
            _("Customer"),
            _line(150),
            _("Ivanova Maria"),
            aliases=("имя", "имя клиента", "фио", "заказчик", "name", "customer name"),
        ),
        *_CUSTOMER,
        Column("note", _("Note"), _line(2000), aliases=("заметка", "примечание", "комментарий")),
        Column("language", _("Language"), Known.language, choices=_labels(settings.LANGUAGES)),
        *_WATCH,
    ),
    CustomerImporter,
    fields={"name": "customer"},
)

EMPLOYEES: Final = Subject(
    "employees",
    _("Employees"),
    (
        Column(
            "full_name",
            _("Full name"),
            _line(FULL_LENGTH),
            _("Ivanov Ivan Petrovich"),
            required=True,
            aliases=("фио", "сотрудник", "имя", "полное имя", "name", "employee"),
        ),
        Column("short_name", _("Short name"), _line(SHORT_LENGTH), aliases=("краткое имя",)),
        Column(
            "roles",
            _("Access"),
            Known.roles,
            str(roles.LABELS[roles.MASTER]),
            about=_("several with commas"),
            aliases=("роли", "роль", "должность", "доступ", "roles"),
            choices=_labels(roles.LABELS.items()),
        ),
        Column(
            "skills",
            _("Kinds of work"),
            Known.works,
            about=_("several with commas"),
            aliases=("навыки", "умения", "виды работ сотрудника", "skills"),
            choices=lambda: shown_names(OperationType),
        ),
        Column(
            "telegram_id",
            _("Telegram id"),
            _always(cells.whole(2**52)),
            aliases=("телеграм", "telegram", "телеграм id"),
        ),
        Column("language", _("Language"), Known.language, choices=_labels(settings.LANGUAGES)),
        Column("active", _("Active"), _FLAG, about=_YES_NO, aliases=("работает",)),
    ),
    EmployeeImporter,
)

SUBJECTS: Final = {subject.name: subject for subject in (RECEIPTS, CUSTOMERS, EMPLOYEES)}
NAMES.update({subject.name: subject.label for subject in SUBJECTS.values()})
