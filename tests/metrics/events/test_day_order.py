"""Whether the day or the month comes first: decided over the whole file, or asked, and never row by row."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events.questions import Answers
from tests.metrics.events.surveying import Surveyed, surveyed

FORMS = {"day_first": "%d{0}%m{0}%Y %H:%M:%S", "month_first": "%m{0}%d{0}%Y %H:%M:%S"}


def pages(times: list[str], *, batches: int = 1, answers: Answers | None = None, **more: Any) -> Surveyed:
    rows = {"ts": times, "page": ["/a"] * len(times), "user_id": [f"u{number}" for number in range(len(times))], **more}
    return surveyed(rows, kind="interaction", batches=batches, answers=answers)


def days(*numbers: int, month: int = 5, form: str = "{0:02}/{1:02}/2026 10:00:00") -> list[str]:
    return [form.format(number, month) for number in numbers]


@pytest.mark.parametrize("batches", [1, 3, 30])
@pytest.mark.parametrize("between", ["/", "-", "."])
@pytest.mark.parametrize("order", FORMS)
def test_a_number_above_12_anywhere_decides_for_every_row(order: str, between: str, batches: int) -> None:
    at = [datetime(2026, 5, day, 10, tzinfo=UTC) for day in range(1, 31)]
    found = pages([one.strftime(FORMS[order].format(between)) for one in at], batches=batches)
    assert found.good["ts"].to_list() == at
    assert found.reasons == []
    assert not found.questions
    assert "comes first" in found.notes[0]


AT = [datetime(2026, 5, day, 10, tzinfo=UTC) for day in range(1, 31)]


@pytest.mark.parametrize("batches", [1, 7])
@pytest.mark.parametrize("form", ["%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%y-%m-%d", "%y/%m/%d", "%d-%b-%y"])
def test_years_of_two_digits_are_told_by_the_whole_file(form: str, batches: int) -> None:
    found = pages([one.strftime(f"{form} %H:%M:%S") for one in AT], batches=batches)
    assert (found.good["ts"].to_list(), found.reasons, found.questions) == (AT, [], ())


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("24/05/26 10:00", ["day_first", "year_first"]),
        ("11/05/26", ["day_first", "month_first", "year_first"]),
        ("01/05/26", ["day_first", "month_first"]),
    ],
)
def test_a_date_of_three_short_numbers_is_asked_about(text: str, orders: list[str]) -> None:
    (question,) = pages([text, text]).questions
    assert [option.rules for option in question.options] == [{"ts": {"order": order}} for order in orders]


def test_a_short_date_is_read_as_somebody_said() -> None:
    days = [pages(["24/05/26"], answers=Answers(rules={"ts": {"order": one}})).good["ts"][0] for one in
            ("day_first", "year_first")]  # fmt: skip
    assert [one.date() for one in days] == [date(2026, 5, 24), date(2024, 5, 26)]


@pytest.mark.parametrize("form", ["%Y-%d-%m %H:%M:%S", "%Y-%d-%mT%H:%M:%SZ", "%Y/%d/%m %H:%M"])
def test_days_before_months_behind_the_year_are_asked_about(form: str) -> None:
    times = [one.strftime(form) for one in AT]
    (question,) = pages(times, batches=3).questions
    assert pages(times, answers=Answers(rules=question.options[0].rules)).good["ts"].to_list() == AT


def test_a_month_that_there_is_not_beside_days_that_are_is_no_other_order() -> None:
    found = pages(["2026-05-13 10:00:00", "2026-13-05 10:00:00"])
    assert (len(found.good), len(found.reasons), found.questions) == (1, 1, ())


def test_dates_of_both_orders_are_a_question_without_an_answer_to_choose() -> None:
    found = pages(["13/05/2026", "05/13/2026", "01/02/2026"])
    (question,) = found.questions
    assert question.options == ()
    assert "13/05/2026" in question.asks
    assert "05/13/2026" in question.asks


def test_dates_that_tell_nothing_are_asked_about() -> None:
    (question,) = pages(days(1, 1, 1)).questions
    assert "01/05/2026" in question.asks
    assert [option.rules for option in question.options] == [
        {"ts": {"order": "day_first"}}, {"ts": {"order": "month_first"}},
    ]  # fmt: skip


@pytest.mark.parametrize(("order", "month"), [("day_first", 5), ("month_first", 1)])
def test_an_answer_is_followed(order: str, month: int) -> None:
    found = pages(days(1), answers=Answers(rules={"ts": {"order": order}}))
    assert not found.questions
    assert found.good["ts"].dt.month().to_list() == [month]


def test_yes_takes_the_first_option() -> None:
    assert pages(days(1), answers=Answers(yes=True)).good["ts"].dt.month().to_list() == [5]


def test_an_answer_of_something_else_leaves_the_question() -> None:
    assert pages(days(1), answers=Answers(rules={"ts": {"zone": "Europe/Berlin"}})).questions


def test_days_that_follow_one_another_under_one_reading_only_decide() -> None:
    found = pages(days(9, 10, 11, 12, month=4) + days(1, 2, 3))
    assert not found.questions
    assert set(found.good["ts"].dt.month()) == {4, 5}
    assert "follow one another" in found.notes[0]


def test_days_that_follow_one_another_under_both_readings_are_asked_about() -> None:
    assert pages(days(1, 2, 3, 4, 5, 6)).questions


def test_with_points_the_day_comes_first_unless_one_says_otherwise() -> None:
    form = "{0}.{1}.2026"
    assert set(pages(days(1, 2, form=form)).good["ts"].dt.month()) == {5}
    assert pages(["05.13.2026", "05.01.2026"]).good["ts"].dt.date().to_list() == [date(2026, 5, 13), date(2026, 5, 1)]


def test_a_date_that_is_the_same_in_both_orders_is_no_question() -> None:
    assert pages(["05/05/2026"]).good["ts"].dt.date().to_list() == [date(2026, 5, 5)]


def test_the_dates_of_another_column_decide_too() -> None:
    rows = {"ts": ["01/05/2026", "02/05/2026"], "error_id": ["a", "b"], "resolved_at": ["20/05/2026", "03/06/2026"]}
    found = surveyed(rows, kind="error")
    assert not found.questions
    assert found.good["ts"].dt.month().to_list() == [5, 5]
    assert found.good["resolved_at"].dt.date().to_list() == [date(2026, 5, 20), date(2026, 6, 3)]


def test_moments_of_a_duration_are_read_as_the_time_is() -> None:
    rows = {"begun": ["01/05/2026 10:00:00", "13/05/2026 10:00:00"], "done": ["01/05/2026 10:00:02",
    "13/05/2026 10:00:01"],
            "model": ["m"] * 2}  # fmt: skip
    found = surveyed(rows, columns={"ts": "begun", "model": "model", "duration_ms": {"ends": ["done"]}})
    assert found.good["duration_ms"].to_list() == [2000, 1000]


def test_rows_are_rejected_where_nobody_looked_at_the_file(reasons: Any) -> None:
    (reason,) = reasons({"ts": ["01/05/2026"], "page": ["/a"], "user_id": ["u"]})
    assert "the day or the month comes first" in reason


@given(
    start=st.dates(date(2020, 1, 1), date(2026, 9, 1)), steps=st.lists(st.integers(0, 3), min_size=1, max_size=40),
    order=st.sampled_from(sorted(FORMS)), between=st.sampled_from("/-"), batches=st.integers(1, 5),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_file_is_read_rightly_or_asked_about(
    start: date, steps: list[int], order: str, between: str, batches: int
) -> None:
    at = [datetime(start.year, start.month, start.day, 10, tzinfo=UTC)]
    for step in steps:
        at.append(at[-1] + timedelta(days=step))
    found = pages([one.strftime(FORMS[order].format(between)) for one in at], batches=batches)
    assert found.questions or found.good["ts"].to_list() == at
