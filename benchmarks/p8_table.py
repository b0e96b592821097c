"""The table of P8: receipts with customers, watches and a history, one row in a hundred wrong."""

from __future__ import annotations

import io
import random
from datetime import date, datetime, timedelta
from typing import Any, Final

import xlsxwriter

WRONG_EACH: Final = 100
HEADERS: Final = (
    "Номер квитанции", "Дата приёма", "Срок готовности", "Срочно", "Клиент", "Телефон", "Марка",
    "Модель", "Серийный номер", "Заявленная неисправность", "Согласованная цена", "Мастер",
    "Передано мастеру", "Выполненные работы", "ОТК пройден", "Выданы клиенту",
)  # fmt: skip
BRANDS: Final = ("Omega", "Rolex", "Tissot", "Zenith", "Longines", "Полёт", "Seiko", "Oris")
COMPLAINTS: Final = ("отстают", "спешат", "остановились", "запотевает стекло", "ТО", "царапины")
MASTERS: Final = ("Максим Мастер", "Марк Сборщик")
BEGIN: Final = date(2024, 1, 9)


def is_wrong(number: int) -> bool:
    return number % WRONG_EACH == WRONG_EACH - 1


def workbook(count: int, seed: int) -> bytes:
    """So many rows as .xlsx, with real dates and numbers."""
    draw = random.Random(seed)
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    sheet = book.add_worksheet("Квитанции")
    layout = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
    sheet.write_row(0, 0, HEADERS)
    for number in range(count):
        for place, cell in enumerate(_row(draw, number)):
            if isinstance(cell, datetime):
                sheet.write_datetime(number + 1, place, cell, layout)
            elif cell is not None:
                sheet.write(number + 1, place, cell)
    book.close()
    return content.getvalue()


def _row(draw: random.Random, number: int) -> list[Any]:
    start = datetime.combine(BEGIN + timedelta(days=number % 500), datetime.min.time())
    received = start + timedelta(hours=10, minutes=draw.randrange(400))
    assigned = received + timedelta(hours=draw.randrange(1, 30))
    worked = assigned + timedelta(hours=draw.randrange(2, 100))
    passed = worked + timedelta(hours=draw.randrange(1, 40))
    master = draw.choice(MASTERS)
    issued = passed + timedelta(hours=draw.randrange(1, 90)) if draw.random() < 0.8 else None
    return [
        f"Т-{number:06}",
        received,
        "когда-нибудь" if is_wrong(number) else received + timedelta(days=draw.randrange(5, 20)),
        "да" if draw.random() < 0.1 else None,
        f"Клиент {draw.randrange(10**5)}",
        f"+7916{draw.randrange(10**7):07}",
        draw.choice(BRANDS),
        f"Модель {draw.randrange(300)}",
        f"SN{number:08}",
        draw.choice(COMPLAINTS),
        draw.randrange(2, 90) * 500,
        master,
        assigned,
        f"Сборка: {master} {worked:%d.%m.%Y %H:%M}",
        passed,
        issued,
    ]
