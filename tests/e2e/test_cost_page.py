"""What a finance person asks of the Cost page: why was Tuesday dear, and will we keep the team's budget?"""

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.visit import PHONE, Visit, shows, visiting
from tests.metrics.budgets.spent import TEAMS, TUESDAY, spend
from tests.serving import running_web

FORTNIGHT = {"from": (TUESDAY - timedelta(days=13)).isoformat(), "to": (TUESDAY + timedelta(days=1)).isoformat()}
MONDAY = {"from": (TUESDAY - timedelta(days=7)).isoformat(), "to": (TUESDAY - timedelta(hours=12)).isoformat()}
BUDGETS = """\
- {id: search, name: Search team, amount: 305, where: {attributes.team: search}}
- {id: chat, name: Chat team, amount: 300, where: {attributes.team: chat}}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    home: Path = tmp_path_factory.mktemp("spent")
    spend(home)
    (home / "budgets.yaml").write_text(BUDGETS, encoding="utf-8")
    with running_web(home) as told:
        yield told


@pytest.fixture
def cost(browser: Browser, address: str) -> Generator[Visit]:
    with visiting(browser, address) as visit:
        yield visit
        assert not visit.complaints


def test_why_was_tuesday_dear(cost: Visit) -> None:
    cost.open("cost", **FORTNIGHT)
    page, grown = cost.page, cost.page.locator(".st-key-panel-grown")
    field = page.get_by_role("combobox", name="Stacked by")
    field.click()
    field.fill("team")
    page.get_by_role("option", name="Add: team").click()
    page.wait_for_url("**split=team*")
    expect(page.locator(".st-key-panel-spending .barlayer .trace")).to_have_count(len(TEAMS))
    cost.complete()
    # The last bar of the team that the dear call belongs to is Tuesday's.
    tuesday = page.locator(".st-key-panel-spending .barlayer .trace").first.locator(".point path").last
    cost.click(tuesday, "**from=2026-03-10T00%3A00*to=2026-03-11T00%3A00*")
    assert "split=team" in page.url
    cost.complete()
    expect(grown).to_contain_text("on Tue 10 Mar")
    expect(grown).to_contain_text("the mean of the same weekdays of the 4 weeks before")
    expect(grown).to_contain_text("One call of $9,990.00, 10 Mar 2026 14:03 (gpt-4.1, search")
    expect(grown).to_contain_text("1 call without a price")
    for part in ("Single dear calls", "Tokens a call"):
        # Figures that turn to another address are there twice for a moment.
        expect(grown.get_by_text(part, exact=True)).to_have_count(1)
    # What the days before are like stays beside it.
    assert page.locator(".st-key-panel-spending .barlayer .trace").first.locator(".point").count() == 14
    entry = page.locator(".st-key-panel-spending .legendtoggle").first
    cost.click(entry, "**f=attributes.team%3A*", hovered=False)


def test_will_we_keep_the_budget_of_the_team(cost: Visit) -> None:
    cost.open("cost", **MONDAY)
    box = cost.page.locator(".st-key-panel-budget")
    expect(box).to_contain_text("Search team · March 2026")
    expect(box).to_contain_text("$102.00 of $305.00, 33 %")
    shows(box, "will be exceeded")
    expect(box).to_contain_text("Expected $372.00")
    expect(box).to_contain_text("used up by about 26 Mar")
    expect(box).to_contain_text("Chat team · March 2026")
    expect(box).to_contain_text("lasts")
    # A filter of the page compares no part with the whole.
    cost.open("cost", **MONDAY, f="attributes.team:chat")
    expect(box).to_contain_text("those of this page do not count here")
    expect(box).to_contain_text("$102.00 of $305.00, 33 %")
    expect(box).to_contain_text("Chat team · March 2026")


def test_on_a_phone_the_answer_has_room(browser: Browser, address: str) -> None:
    with visiting(browser, address, PHONE) as visit:
        visit.open("cost", **MONDAY)
        assert visit.overflow() == [0, 0]
        shows(visit.page.locator(".st-key-panel-budget"), "will be exceeded")
