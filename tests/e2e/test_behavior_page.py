"""What a product manager asks of the User behavior page: which feature brings people back?"""

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.visit import SEEN, visiting
from tests.metrics.engine.returning import use
from tests.serving import running_web


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    home: Path = tmp_path_factory.mktemp("returning")
    use(home)
    with running_web(home) as told:
        yield told


def test_which_feature_brings_people_back(browser: Browser, address: str) -> None:
    with visiting(browser, address) as visit:
        visit.open("behavior")
        box = visit.page.locator(".st-key-panel-help")
        expect(box).to_contain_text("Users of agents come back more often: 80 % of 60, against 25 % of 60 without it.")
        expect(box).to_contain_text("This is no proof of cause")
        expect(box).to_contain_text("last 28 days")
        expect(box).to_contain_text("Back more often –: nobody with it, or nobody without it")
        for scheme, size in SEEN:
            visit.turn(scheme, size)
            box.scroll_into_view_if_needed()
            visit.screenshot(f"behavior-features-{scheme}-{size['width']}")
            assert visit.overflow() == [0, 0]
        assert not visit.complaints
