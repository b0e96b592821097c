"""Text that cannot break, whatever people type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botapp.dialogs.markup import b, bounded, code, esc, fmt, i, lines, link, plain, quote, units
from botapp.transport.memory import check
from botapp.transport.port import Message

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)
BUILDERS = st.sampled_from([b, i, code, quote, esc])


def test_builders_escape_and_nest() -> None:
    assert b("a<", i("&")) == "<b>a&lt;<i>&amp;</i></b>"
    assert fmt("№%(n)s <%(n)s>", n=b("5&")) == "№<b>5&amp;</b> &lt;<b>5&amp;</b>&gt;"
    assert lines("a", None, False, "", b("c")) == "a\n\n<b>c</b>"
    assert link('https://x/?a="1"&b', "<") == '<a href="https://x/?a=&quot;1&quot;&amp;b">&lt;</a>'
    assert b("") == ""


@given(st.lists(st.tuples(BUILDERS, TEXT), min_size=1, max_size=20), st.integers(20, 300))
def test_cutting_keeps_every_markup_valid(parts: list[tuple[object, str]], limit: int) -> None:
    text = lines(*(builder(word) for builder, word in parts))  # type: ignore[operator]
    cut = bounded(text, limit)
    assert units(plain(cut)) <= limit
    if plain(cut).strip():
        check(Message(cut))


@pytest.mark.parametrize("count", [4096, 4097, 9000])
def test_a_long_list_ends_at_a_line(count: int) -> None:
    text = lines(*(b("x" * 40) for _line in range(count // 41 + 1)))
    cut = bounded(text)
    assert units(plain(cut)) <= 4096
    if cut != text:
        assert cut.endswith("</b>\n…")


def test_emoji_count_as_telegram_counts_them() -> None:
    assert units("🔥a") == 3
    assert units(plain(bounded("🔥" * 3000))) <= 4096
