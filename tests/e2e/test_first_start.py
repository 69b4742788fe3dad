"""What a person meets who starts with nothing, and drops a file."""

import shutil
from pathlib import Path

import polars as pl
from playwright.sync_api import Browser, expect

from tests.conftest import SAMPLES
from tests.e2e.visit import visiting
from tests.metrics.lake.files import NOW, requests
from tests.serving import lasting_port, running_up, running_web


def test_an_empty_home_says_what_to_do(browser: Browser, tmp_path: Path) -> None:
    with running_web(tmp_path) as address, visiting(browser, address) as visit:
        visit.open("executive")
        notice = visit.page.get_by_test_id("stAlertContentInfo")
        assert "No events yet. Drop a file into" in notice.inner_text()
        assert str(tmp_path / "inbox") in notice.inner_text()
        assert set(visit.tiles().values()) == {"–"}


def test_a_file_dropped_into_the_inbox_is_on_the_page_within_seconds(browser: Browser, tmp_path: Path) -> None:
    with lasting_port() as port, running_up(tmp_path, port, demo=True):
        shutil.copy(SAMPLES / "apache_access.parquet", tmp_path / "inbox" / "access.parquet")
        with visiting(browser, f"http://127.0.0.1:{port}") as visit:
            visit.page.goto(f"{visit.address}/?from=2015-05-17T00:00:00Z&to=2015-05-21T00:00:00Z")
            expect(visit.page.locator(".st-key-freshness")).to_contain_text("20 May 2015")
            expect(visit.tile("error_rate")).to_have_text("0.00 %")
            expect(visit.page.locator(".st-key-chart-throughput .main-svg").first).to_be_visible()
    assert not list((tmp_path / "inbox").glob("*.parquet"))


def test_a_hostile_name_is_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    hostile = ("<img src=x onerror='document.title=1'>", "**bold** :red[x] $a$ [l](//e.com)")
    rows = requests(300).with_columns(
        endpoint=pl.Series([hostile[place % 2] for place in range(300)]),
        host=pl.Series(["<script>document.title=1</script>"] * 300),
    )
    store(tmp_path, rows)
    with running_web(tmp_path) as address, visiting(browser, address) as visit:
        span = {"from": "2026-05-30T00:00:00Z", "to": "2026-05-31T00:00:00Z"}
        visit.open("performance", **span, f=f"endpoint:{hostile[1].replace(':', chr(92) + ':')}")
        assert hostile[1] in visit.page.locator(".st-key-chip-0").inner_text()
        visit.open("performance", **span)
        slowest = visit.page.locator(".st-key-kpi-slowest_endpoint").inner_text()
        assert "onerror" in slowest or "**bold**" in slowest
        assert "onerror" in visit.box("error-rate") and "**bold**" in visit.box("error-rate")
        assert visit.page.locator("img[src=x]").count() == 0
        assert visit.page.title() == "PromptPilot"
        assert visit.complaints == []


def store(home: Path, rows: pl.DataFrame) -> None:
    from metrics.lake.ingest import ingest
    from metrics.settings import Settings

    rows.write_parquet(home / "rows.parquet")
    report = ingest([home / "rows.parquet"], Settings(home=home), now=lambda: NOW)
    assert report.stored == rows.height
