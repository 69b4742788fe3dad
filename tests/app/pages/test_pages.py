"""Every page, over a full lake, an empty one, one event, and an engine that fails."""

import re
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from app.navigation import ABOUT
from metrics.lake.remote.trouble import Trouble, Troubles
from tests.app.fake import NOW, FakeEngine
from tests.app.pages.conftest import Shown

PAGES = ["executive.py", "performance.py"]
"""Those that the made-up engine knows all numbers of."""
TILES = {"executive.py": 6, "performance.py": 4}
HOSTILE = "<img src=x onerror=alert(1)> [x](http://h) `y` " + "z" * 10_000


def texts(test: AppTest) -> str:
    parts = [*test.markdown, *test.caption, *test.metric, *test.subheader, *test.error, *test.warning, *test.info]
    return "\n".join(str(getattr(part, "value", "")) + str(getattr(part, "label", "")) for part in parts)


def charts(test: AppTest) -> list[str]:
    return [element.proto.alt for element in test.get("plotly_chart")]  # pyright: ignore[reportAttributeAccessIssue]


def sound(test: AppTest) -> None:
    assert not test.exception
    assert not test.error, [error.value for error in test.error]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("range", ["1h", "24h", "90d", "all"])
def test_a_page_over_a_full_lake(shown: Shown, page: str, range: str) -> None:
    test = shown(page, range=range)
    sound(test)
    assert len(test.metric) == TILES[page]
    assert len(charts(test)) >= 4
    assert all(charts(test))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_any_event_says_what_it_needs(shown: Shown, page: str) -> None:
    test = shown(page, FakeEngine(kinds=(), newest=None, empty=True))
    sound(test)
    assert not charts(test)
    assert "Drop a file into" in texts(test)
    assert "needs `request` events" in texts(test)
    assert {metric.value for metric in test.metric} == {"–"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_whose_window_is_empty_says_so(shown: Shown, page: str) -> None:
    test = shown(page, FakeEngine(empty=True))
    sound(test)
    assert "Nothing to draw: no event from" in texts(test)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_one_kind_alone_shows_that_and_names_the_others(shown: Shown, page: str) -> None:
    test = shown(page, FakeEngine(kinds=("request",)))
    sound(test)
    assert charts(test)
    assert "events" in texts(test)


@pytest.mark.parametrize("page", PAGES)
def test_hostile_names_leave_a_page_standing(shown: Shown, page: str) -> None:
    names = (HOSTILE, None, "", "\x00\n")
    sound(shown(page, FakeEngine(values=dict.fromkeys(("endpoint", "provider", "host"), names))))


@pytest.mark.parametrize("page", PAGES)
def test_a_figure_that_fails_stays_in_its_box(shown: Shown, page: str) -> None:
    test = shown(page, FakeEngine(broken=frozenset({"response_time_p50"})))
    assert not test.exception
    assert [error.value.split(".")[0] for error in test.error][:1] == ["Response time could not be shown"]
    assert len(test.metric) == TILES[page]
    assert "Throughput" in [heading.value for heading in test.subheader]
    assert len(charts(test)) >= 3


def test_a_reason_is_shown_as_text(shown: Shown) -> None:
    (error,) = shown(engine=FakeEngine(broken=frozenset({"response_time_p50"}))).error
    assert r"\[x\]\(http" in error.value


def test_the_first_page_says_which_address_led_nowhere(shown: Shown) -> None:
    told = [info.value for info in shown(missed="/<b>no*pe").info]
    assert any(r"\<b\>no\*pe" in words and "no page" in words for words in told)
    assert not any("no page" in info.value for info in shown().info)


def test_every_page_says_at_its_title_what_it_is_in_two_sentences(shown: Shown) -> None:
    (title,) = shown("performance.py").title
    assert title.proto.help == ABOUT["Performance"]  # pyright: ignore[reportAttributeAccessIssue]
    assert all(len(re.findall(r"\.(?: |$)", about)) == 2 for about in ABOUT.values())


def test_executive_begins_with_what_a_reader_of_one_minute_asks(shown: Shown) -> None:
    titles = [metric.label.split(" :")[0] for metric in shown().metric]
    assert titles == ["Uptime", "Active users", "Total requests", "Error rate", "Response time P95", "Cost"]


def test_a_tile_has_value_state_change_and_definition(shown: Shown) -> None:
    tile = next(metric for metric in shown().metric if "P95" in metric.label)
    assert tile.value == "188 ms"
    assert ":green-badge[:material/check_circle: OK]" in tile.label
    assert tile.delta == "+6.4 %"
    assert "Objective: at most 200 ms" in tile.help


def test_a_tile_is_not_compared_with_a_period_from_which_most_events_are_missing(shown: Shown) -> None:
    test = shown(engine=FakeEngine(history=timedelta(hours=30)))
    assert [one.delta for one in test.metric] == [""] * len(test.metric)
    assert {one.proto.delta_description for one in test.metric} == {"nothing to compare with"}


def test_a_metric_that_cannot_be_filtered_so_is_left_out_not_shown_unfiltered(shown: Shown) -> None:
    test = shown(f=["endpoint:/v1/prompts"])
    sound(test)
    cost = next(metric for metric in test.metric if "Cost" in metric.label)
    assert cost.value == "–"
    assert "Cannot be filtered by endpoint" in texts(test)


def test_what_a_url_says_wrongly_is_named_and_the_page_stands(shown: Shown) -> None:
    test = shown(range="2w", tz="Mars", f=["nothing"])
    sound(test)
    assert len(test.warning) == 3


def test_the_view_goes_along_to_another_page(shown: Shown) -> None:
    test = shown("performance.py", range="7d", f=["endpoint:/v1/prompts"])
    assert test.query_params == {"range": "7d", "f": "endpoint:/v1/prompts"}


def test_choosing_a_range_writes_the_url_and_runs_the_page_once(shown: Shown) -> None:
    engine = FakeEngine()
    test = shown(engine=engine)
    test.segmented_control(key="range").set_value("7d").run()
    sound(test)
    assert test.query_params == {"range": "7d"}
    assert test.segmented_control(key="range").value == "7d"
    asked = [query.model_dump_json() for query in engine.asked]
    assert len(asked) == len(set(asked)), "a query was asked twice"


def test_comparing_is_part_of_the_url(shown: Shown) -> None:
    test = shown()
    test.toggle(key="compare").set_value(True).run()
    sound(test)
    assert test.query_params == {"compare": "1"}


def test_a_chip_takes_its_filter_away(shown: Shown) -> None:
    test = shown(f=["provider:openai", "region:eu"])
    assert "Provider" in test.button(key="chip-0").label
    test.button(key="chip-0").click().run()
    assert test.query_params == {"f": "region:eu"}


def test_a_page_says_how_old_its_newest_event_is(shown: Shown) -> None:
    assert "Newest event 12 s ago" in texts(shown())
    old = shown(engine=FakeEngine(newest=NOW.replace(year=2024)))
    assert "orange-badge" in texts(old)
    assert "Newest event 2 years ago" in texts(old)
    assert "ends at the newest event" in texts(old)


def test_a_page_says_since_when_storage_has_not_answered(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "Object storage has not answered since"
    assert told not in texts(shown())
    monkeypatch.setattr(Troubles, "now", Trouble(NOW, "503"))
    assert f"{told} {NOW:%d %b %Y %H:%M}" in texts(shown()).replace("\\", "")


def test_issues_are_listed_the_worst_first_and_as_text(shown: Shown) -> None:
    listed = [part.value for part in shown().markdown if "**" in part.value]
    assert [line.split("**")[1] for line in listed] == ["Down", "Degraded", "Critical", "Error", "Warning"]
    assert r"\*429\*" in listed[-1]


def test_slow_endpoints_come_with_their_share(shown: Shown) -> None:
    rows = shown("performance.py").dataframe[0].value.to_dict("records")
    assert rows[0]["endpoint"] == "/v1/chat/completions"
    assert sum(row["share"] for row in rows) == pytest.approx(100)
