"""Watches, customers and texts as a workshop writes them. Every name and number is invented."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any, Final

# brand, model, reference, calibre, bar, code of the metal, price of an overhaul in RUB
MODELS: Final = (
    ("Omega", "Speedmaster Professional", "3570.50", "1861", "5", "steel", 48_000),
    ("Omega", "Seamaster 300M", "2531.80", "1120", "30", "steel", 39_000),
    ("Rolex", "Submariner Date", "16610", "3135", "30", "steel", 62_000),
    ("Rolex", "Datejust", "16233", "3135", "10", "two_tone", 60_000),
    ("Cartier", "Tank Louis", "WGTA0011", "1917 MC", "3", "gold_rose", 52_000),
    ("IWC", "Portugieser Chronograph", "IW3714", "79350", "3", "steel", 68_000),
    ("Breitling", "Navitimer", "A23322", "B23", "3", "steel", 55_000),
    ("TAG Heuer", "Carrera", "CV2010", "Calibre 16", "5", "steel", 42_000),
    ("Tissot", "PRX Powermatic 80", "T137.407", "Powermatic 80", "10", "steel", 14_000),
    ("Longines", "Master Collection", "L2.628.4", "L619", "3", "steel", 24_000),
    ("Seiko", "Presage", "SARX055", "6R15", "10", "titanium", 12_000),
    ("Полёт", "Де Люкс", "2416", "2416", "3", "gold_yellow", 9_000),
    ("Ракета", "Балерина", "W-20", "2615", "5", "steel", 8_000),
    ("Восток", "Амфибия", "420", "2416Б", "20", "steel", 6_000),
    ("Jaeger-LeCoultre", "Reverso Classic", "Q3858520", "822", "3", "steel", 64_000),
    ("Patek Philippe", "Calatrava", "5196R", "215 PS", "3", "gold_rose", 120_000),
)
_FIRST: Final = ("Алексей", "Мария", "Пётр", "Елена", "Дмитрий", "Ольга", "Сергей", "Наталья")
_LAST: Final = ("Демонов", "Образцов", "Примеров", "Показов", "Пробный", "Вымыслов")
_COMPLAINTS: Final = (
    "Останавливаются", "Спешат на 40 секунд в сутки", "Отстают", "Не заводятся",
    "Запотевает стекло", "Плановое обслуживание", "Не переводится дата", "Упали на плитку",
)  # fmt: skip
_CONDITIONS: Final = (
    "Царапины на безеле, стекло целое", "Мелкие потёртости", "Скол на ушке слева",
    "Хорошее состояние", "Глубокая царапина на застёжке",
)  # fmt: skip
_COMPLETENESS: Final = ("Только часы", "Часы, коробка", "Часы, коробка, гарантийная карта")
HOLD_COMMENTS: Final = ("заказан баланс", "ждём стекло из Бьена", "клиент в отъезде", "")
REFUSAL_COMMENTS: Final = ("нет оси баланса для этого калибра", "дороже самих часов", "")
RETURN_COMMENTS: Final = ("ворсинка у метки 6 часов", "секундная стрелка задевает", "", "")
REASSIGN_REASONS: Final = ("сборка у другого мастера", "", "перераспределение")


def phone(key: int) -> str:
    """A number of the block +7 900 0xx-xx-xx, different for each key: nobody is meant by it."""
    return f"+7900{key % 10_000_000:07d}"


def customer(key: int, rng: Random) -> dict[str, str]:
    """Values of a customer."""
    name = f"{rng.choice(_LAST)} {rng.choice(_FIRST)} (демо)"
    return {"name": name, "phone": phone(key)}


def watch(key: int, rng: Random, metals: dict[str, int]) -> tuple[dict[str, Any], int]:
    """Values of a watch, its metal by id, and the price of its overhaul."""
    brand, model, reference, calibre, bar, metal, price = rng.choice(MODELS)
    values = {
        "brand": brand,
        "model": model,
        "reference": reference,
        "serial": serial(key),
        "movement_number": f"{rng.randrange(10**6, 10**7)}",
        "calibre": calibre,
        "metal": metals[metal],
        "water_resistance_bar": Decimal(bar),
    }
    return values, price


def serial(key: int) -> str:
    """The serial number of a watch: one per key, so that it is found again."""
    return f"DEMO{key:07d}"


def facts(rng: Random, price: int) -> dict[str, Any]:
    """What is written down when the watch is taken in."""
    agreed = Decimal(price + rng.randrange(0, 8) * 500)
    found: dict[str, Any] = {
        "complaint": rng.choice(_COMPLAINTS),
        "condition": rng.choice(_CONDITIONS),
        "completeness": rng.choice(_COMPLETENESS),
        "agreed_price": agreed,
        "declared_value": agreed * rng.randrange(3, 9),
        "place": f"{rng.choice('АБВГ')}-{rng.randrange(1, 40)}",
    }
    if rng.random() < 0.4:
        found["links_count"] = rng.randrange(9, 15)
    if rng.random() < 0.3:
        found["prepayment"] = (agreed / 2).quantize(Decimal(1))
    if rng.random() < 0.08:
        found["do_not_polish"] = True
    return found
