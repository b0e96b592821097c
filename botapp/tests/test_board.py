"""The narrow table: columns stand under each other whatever the names are made of."""

from __future__ import annotations

from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from analytics.intervals import Proportion
from botapp.dialogs.markup import units
from botapp.numbers.board import WIDTH, Board, Column, aligned, cells_wide, few_note, judged, short

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
COLUMNS = [Column("Кто", "Кто"), Column("%", "Качество, %"), Column("пров", "Проверено")]
ROWS = st.lists(
    st.tuples(NAMES, st.one_of(st.none(), st.floats(0, 100)), st.integers(0, 99_999)),
    min_size=1,
    max_size=20,
)


@given(ROWS)
def test_every_line_is_as_wide_as_the_head(rows: list[tuple[str, float | None, int]]) -> None:
    made = aligned(COLUMNS, rows)
    assert len(made) == len(rows) + 1
    assert len({cells_wide(line) for line in made}) == 1
    assert cells_wide(made[0]) <= WIDTH
    assert not any("\n" in line for line in made)
    for line, (_name, _share, count) in zip(made[1:], rows, strict=True):
        assert line.endswith(f" {count}"), "a number is never cut"


def test_names_are_cut_and_numbers_are_not() -> None:
    with translation.override("en"):
        made = aligned(
            COLUMNS, [("Максимилиан-Аристарх Заболоцкий", 96.4, 120), ("Ян 💎", None, 0)]
        )
    assert made == [
        "Кто                       % пров",
        "Максимилиан-Аристарх…  96.4  120",
        "Ян 💎                     –    0",
    ]


def test_many_wide_numbers_leave_a_name_still() -> None:
    columns = [Column("Who", "Who"), *(Column(f"c{n}", "x") for n in range(6))]
    made = aligned(columns, [("Somebody with a name", *[1234567] * 6)])
    assert made[1].startswith("Somebod… 1234567")
    assert units(made[1]) < 60


def test_few_cases_are_marked() -> None:
    few, enough, none = Proportion(18, 19), Proportion(20, 20), Proportion(0, 0)
    assert (judged(few)[-1], judged(enough)[-1], judged(none)) == ("*", "0", "–")
    assert few_note([enough, none]) == []
    assert len(few_note([few])) == 1


def test_the_legend_explains_what_is_short() -> None:
    board = Board("t", columns=COLUMNS)
    assert board.legend == "% – Качество, %; пров – Проверено"
    assert short("a" * 100) == "a" * 39 + "…"
