"""Explore draws what is to come, where that is asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import source
from app.navigation import PAGES_DIRECTORY
from app.source import Source
from metrics.engine import Engine
from metrics.settings import Settings
from tests.app.pages.conftest import MAIN
from tests.app.pages.test_pages import charts, sound
from tests.conftest import SIMULATED_END
from tests.patience import TIMEOUT


@pytest.fixture
def explore(simulated_home: Path) -> Iterator[AppTest]:
    settings = Settings(home=simulated_home)
    engine = Engine(settings)
    source.connect_through(lambda: Source(engine, settings, now=lambda: SIMULATED_END))
    test = AppTest.from_file(MAIN, default_timeout=TIMEOUT)
    test.query_params["ahead"] = "true"
    test.query_params["m"] = ["requests"]
    test.query_params["range"] = "7d"
    test.run()
    yield test.switch_page(str(PAGES_DIRECTORY / "explore.py")).run()
    source.connect_through(None)


def test_a_forecast_is_drawn_until_it_is_switched_off(explore: AppTest) -> None:
    sound(explore)
    assert any("Expected at the end" in alt for alt in charts(explore))
    (switch,) = (one for one in explore.toggle if one.label == "Forecast")
    switch.set_value(False).run()
    sound(explore)
    assert charts(explore)
    assert not any("Expected at the end" in alt for alt in charts(explore))


def test_a_report_has_the_command_and_the_sql(explore: AppTest) -> None:
    command, sql = (code.value for code in explore.code)
    assert command.startswith("promptpilot query requests")
    assert "select" in sql.lower()
