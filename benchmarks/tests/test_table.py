"""The page of performance says what was measured."""

from __future__ import annotations

from benchmarks.table import PAGE, kept, page, table

RESULT = {
    "goal": "P0",
    "parts": {
        "plain": {
            "unit": "updates/s",
            "n": 3000,
            "rounds": 5,
            "floor": 1000.4,
            "floor_spread": [900.0, 1100.0],
            "ours": 500.0,
            "ours_spread": [450.0, 550.0],
            "ratio": 0.5,
            "spread": [0.45, 0.5556],
            "goal": {"at_least": 0.35},
            "equal": True,
            "met": True,
        },
        "alone": {
            "unit": "s",
            "n": 1,
            "rounds": 1,
            "ours": 12.0,
            "ours_spread": [12.0, 12.0],
            "goal": {"at_most": 10},
            "equal": True,
            "met": False,
        },
    },
}


def test_a_row_for_each_part() -> None:
    assert table([RESULT]).splitlines()[2:] == [
        "| P0 | plain | 1000 (900–1100) updates/s | 500 (450–550) updates/s | 0.5 (0.45–0.556) "
        "| ≥ 0.35 | yes | 5 × 3000 |",
        "| P0 | alone | – | 12 (12–12) s | – | ≤ 10 | **no** | 1 × 1 |",
    ]


def test_the_page_is_built_from_the_kept_results() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert kept()
    assert page(text) == text, "run: python -m benchmarks.table"
