"""What people call the facts of a receipt, in both languages; no texts of the interface."""

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = {
    "brand": ("марка", "бренд", "часы", "brand", "watch"),
    "model": ("модель", "model"),
    "serial": (
        "серийный", "серийный номер", "серия", "номер корпуса",
        "serial", "serial number", "sn", "s/n",
    ),
    "movement_number": ("механизм", "номер механизма", "movement", "movement number"),
    "reference": ("референс", "реф", "reference", "ref"),
    "calibre": ("калибр", "calibre", "caliber", "cal"),
    "name": ("клиент", "имя", "фио", "customer", "name"),
    "phone": ("телефон", "тел", "phone", "tel"),
    "complaint": ("жалоба", "неисправность", "complaint", "fault"),
    "condition": ("внешний вид", "состояние", "condition"),
    "completeness": ("комплект", "комплектность", "accessories"),
    "links_count": ("звенья", "звеньев", "links"),
    "deadline": ("срок", "deadline"),
    "place": ("место", "ячейка", "place", "cell"),
    "agreed_price": ("цена", "стоимость", "price"),
    "prepayment": ("аванс", "предоплата", "prepayment"),
    "declared_value": ("оценка", "оценочная стоимость", "declared value"),
}  # fmt: skip
FIELD_OF: Final = {name: field for field, names in _NAMES.items() for name in names}
_THOUSAND = r"(?:тыс\w*\.?|т\.? ?р\.?|[кk]|thousand)(?!\w)"
_SUM = rf"\d[\d .,]*(?:{_THOUSAND})?"
_CURRENCY = r"(?:₽|руб\w*\.?|р\.?|rub(?:les)?)?"
THOUSANDS: Final = re.compile(rf"\A(\d[\d .,]*?)\s*{_THOUSAND}\s*{_CURRENCY}\Z", re.I)
LABELLED: Final = re.compile(r"\A([^:]{2,20}):\s*(.+)\Z")
# The same without a colon, where what follows proves it.
OPENED: Final = re.compile(
    r"\A(?:серийный(?: номер)?|с/н|s/?n|serial(?: number)?)\s+(?P<serial>\S*\d\S*)\Z"
    r"|\A(?:номер механизма|механизм|movement)\s+(?P<movement_number>\S*\d{4}\S*)\Z"
    r"|\A(?:реф(?:еренс)?|ref(?:erence)?)\.?\s+(?P<reference>\S*\d\S*)\Z"
    r"|\A(?:калибр|cal(?:ib(?:re|er))?)\.?\s+(?P<calibre>\S*\d\S*)\Z"
    r"|\A(?:срок|до|к|deadline|by|until)\s+(?P<deadline>.+)\Z"
    r"|\A(?:комплект(?:ность)?)\s+(?P<completeness>.+)\Z"
    r"|\A(?:место|ячейка|cell)\s+(?P<place>\S*\d\S*)\Z"
    rf"|\A(?:цена|стоимость|price)\s+(?P<agreed_price>{_SUM})\s*{_CURRENCY}\Z"
    rf"|\A(?:аванс|предоплата|prepayment|deposit)\s+(?P<prepayment>{_SUM})\s*{_CURRENCY}\Z"
    rf"|\A(?P<prepaid>{_SUM})\s*{_CURRENCY}\s+(?:аванс\w*|предоплат\w*|prepaid|deposit)\Z",
    re.I,
)
PHONE: Final = re.compile(
    r"(?:\b(?:тел(?:ефон)?|phone|tel)\b[.:]?\s*)?(\+?\d[\d() .-]{8,18}\d)", re.I
)
_LINK = r"(?:звень[яе]в?|звен[оа]|links?)"
LINKS: Final = re.compile(rf"\A(?:{_LINK}\s*[-–]?\s*(\d{{1,3}})|(\d{{1,3}})\s+{_LINK})\Z", re.I)
URGENT: Final = re.compile(
    r"\A(?:🔥\s*)?(?:очень\s+)?(?:срочно|срочн(?:ая|ый|ое|ые))(?:\s+(?:ремонт|заказ))?!*\Z"
    r"|\A(?:🔥\s*)?urgent!*\Z|\A🔥\Z",
    re.I,
)
WHOLE: Final = re.compile(
    r"\A(?:⛔\s*)?(?:не полир\w+|полировать (?:нельзя|не надо)|без полировки"
    r"|полировк[ау] не (?:делать|нужна|надо)|do not polish|no polish\w*|don.t polish)[.!]*\Z",
    re.I,
)
SERIAL: Final = re.compile(r"\A(?=(?:.*\d){4})[\w./-]{4,60}\Z")
LATIN_NAME: Final = re.compile(r"\A(?=.*[A-Za-z]{2})[^А-Яа-яЁё]{2,120}\Z")
WORD_OF_NAME: Final = re.compile(r"[^\W\d_](?:[^\W\d_]|[.'’-])*")
# Every part of the line begins so: what came with the watch, and how it looked.
ACCESSORY: Final = re.compile(
    r"(?:(?:без|нет|no|without)\s+)?(?:"
    r"короб|документ|паспорт|чехол|футляр|сертификат|гарантийн\w+ (?:талон|карт)|пакет|бирк"
    r"|(?:серт|док|гарант|пасп|кор|инстр)\.(?:\s|$)|(?:серт|док-ты)\s+(?:нет|есть)|инструкц"
    r"|box|papers|warranty card|pouch|certificate|manual)",
    re.I,
)
LOOKS: Final = re.compile(
    r"(?:глубок\w+ |мелк\w+ )?(?:царапин|потерт|потёрт|скол|вмятин|трещин|забоин)"
    r"|scratch|dent|chip|crack|worn",
    re.I,
)
BRANDS: Final = frozenset((
    "ракета", "полёт", "полет", "восток", "слава", "луч", "чайка", "заря", "победа", "молния",
    "мактайм", "буран", "спутник", "омега", "ролекс", "лонжин", "тиссот", "тиссо", "сейко",
    "ситизен", "ориент", "касио", "картье", "брайтлинг", "брегет", "зенит", "радо", "мовадо",
    "хублот", "тюдор", "панерай", "таг", "патек", "эпос", "сертина", "мидо", "гамильтон",
    "omega", "rolex", "longines", "tissot", "seiko", "citizen", "orient", "casio", "cartier",
    "breitling", "breguet", "zenith", "rado", "movado", "hublot", "tudor", "panerai", "certina",
    "mido", "hamilton", "oris", "iwc", "blancpain", "chopard", "piaget", "swatch", "junghans",
    "nomos", "eterna", "doxa", "epos", "ebel", "alpina", "bulova", "fortis", "raketa", "vostok",
    "poljot", "slava", "luch", "g-shock", "montblanc", "bvlgari", "glashütte",
))  # fmt: skip
BRANDS_OF_TWO: Final = frozenset((
    "tag heuer", "patek philippe", "vacheron constantin", "audemars piguet", "ulysse nardin",
    "girard perregaux", "franck muller", "frederique constant", "maurice lacroix", "grand seiko",
    "richard mille", "jaeger lecoultre", "raymond weil", "roger dubuis", "таг хойер",
    "патек филипп",
))  # fmt: skip
