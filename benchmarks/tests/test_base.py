"""The frame of the benchmarks: in turn, judged by the worst part, wrong answers fail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.base import Run, Sample


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("sys.argv", ["p0", "--rounds", "4"])
    return Run("P0", "A benchmark of the tests.", parts=("one", "two"))


def _side(name: str, value: float, calls: list[str], answers: Any = None) -> Any:
    def measure() -> Sample:
        calls.append(name)
        return Sample(value, answers)

    return measure


def test_floor_and_ours_take_turns_in_being_first(run: Run) -> None:
    calls: list[str] = []
    part = run.compare("one", _side("floor", 4, calls), _side("ours", 2, calls), at_least=0.5, n=1)
    assert calls == ["floor", "ours", "ours", "floor"] * 2
    assert part.ratios == [0.5] * 4
    assert run.result()["met"] is True


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [
        ({"at_least": 0.5}, 1.9, False),
        ({"at_least": 0.5}, 2.0, True),
        ({"at_most": 0.5}, 2.1, False),
        ({"at_most": 0.5}, 2.0, True),
    ],
)
def test_a_goal_is_a_limit(run: Run, goal: dict[str, float], value: float, met: bool) -> None:
    part = run.compare("one", _side("", 4, []), _side("", value, []), **goal)
    assert (part.margin >= 1) is met
    assert run.result()["met"] is met


def test_the_worst_part_speaks_for_all(run: Run) -> None:
    run.compare("one", _side("", 4, []), _side("", 4, []), at_least=0.5)
    run.compare("two", _side("", 10, []), _side("", 12, []), at_most=1.0)
    result = run.result()
    assert (result["worst"], result["ratio"], result["met"]) == ("two", 1.2, False)
    assert result["parts"]["one"]["met"] is True


@pytest.mark.parametrize("answers", [([1], [2]), (False, False), ([1], False)])
def test_wrong_answers_fail_however_fast(run: Run, answers: tuple[Any, Any]) -> None:
    floor, ours = (_side("", 1, [], one) for one in answers)
    part = run.compare("one", floor, ours, at_least=0.1)
    assert (part.equal, run.result()["met"]) == (False, False)


def test_one_wrong_round_is_not_forgotten(run: Run) -> None:
    answers = iter([True, False, True, True])
    part = run.figure("one", lambda: Sample(1, next(answers)), at_least=1)
    assert part.equal is False


def test_small_judges_the_answers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["p0", "--small"])
    run = Run("P0", "", parts=("one",))
    calls: list[str] = []
    run.compare("one", _side("floor", 4, calls, 1), _side("ours", 1, calls, 1), at_least=0.5)
    assert (calls, run.size(100), run.size(3)) == (["floor", "ours"], 5, 1)
    assert (run.result()["met"], run.result()["judged"]) == (True, "answers")


def test_one_object_and_the_exit_code(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.figure("one", lambda: Sample(1.0), at_least=2)
    with pytest.raises(SystemExit) as end:
        run.finish()
    assert end.value.code == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["goal"] == "P0"
