"""How long pages took in visitors' browsers: through either door, kept within bounds, told to Prometheus."""

from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from app import page_times
from app.hosts import Hosts
from app.page_times import KEPT_DAYS, LARGEST, PATH, PageTime, PageTimes, times
from app.passing import PageTimesPassing
from metrics.settings import Collect
from tests.app.test_collector import answering
from tests.metrics.collect.made import NOW

TOOK = {"page": "cost", "navigation": 300, "kpis": 800, "first_figure": 700, "all_figures": 1900}
MEASURED = PageTime.model_validate(TOOK)
OURS = {"Origin": "http://localhost:8501"}


def test_what_a_browser_measured_is_kept_and_told_to_prometheus(tmp_path: Path) -> None:
    with answering(tmp_path) as client:
        assert client.post(PATH, json=TOOK).status_code == 204
        assert client.post(PATH, json={"page": "live", "updates": [12.5, 140]}).status_code == 204
        told = client.get("/metrics").text
    (file,) = (tmp_path / "page-times").iterdir()
    day = NOW.fromisoformat(file.stem).date()
    assert times(tmp_path, day, day) == [MEASURED, PageTime(page="live", updates=(12.5, 140))]
    for line in (
        'page_seconds_bucket{page="cost",step="all_figures",le="1"} 0',
        'page_seconds_bucket{page="cost",step="all_figures",le="2"} 1',
        'page_seconds_bucket{page="cost",step="all_figures",le="+Inf"} 1',
        'page_seconds_sum{page="cost",step="kpis"} 0.80000000000000004',
        'update_seconds_bucket{page="live",le="0.1"} 1',
        'update_seconds_count{page="live"} 2',
    ):
        assert f"\npromptpilot_{line}\n" in told


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('{"page": "nowhere"}', "page: expected one of"),
        ('{"page": "cost", "kpis": -1}', "kpis: "),
        ('{"page": "cost", "kpis": 1e9}', "kpis: "),
        ('{"page": "cost", "user": "ada"}', "user: "),
        ('{"page": "live", "updates": [' + ",".join(["1"] * 61) + "]}", "updates: "),
        ("{", "the body: "),
        ('{"page": "' + "x" * LARGEST + '"}', "the body: "),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(tmp_path: Path, body: str, problem: str) -> None:
    with answering(tmp_path) as client:
        answer = client.post(PATH, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(problem)
    assert not (tmp_path / "page-times").exists()


def test_a_day_holds_so_many_and_the_home_so_many_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_times, "MOST_A_DAY", 3)
    now = [NOW]
    kept = PageTimes(tmp_path, lambda: now[0])
    kept.keep(MEASURED)
    now[0] = NOW + timedelta(days=KEPT_DAYS - 1)
    for _ in range(2):
        kept.keep(MEASURED)
    again = PageTimes(tmp_path, lambda: now[0])
    for _ in range(2):
        again.keep(MEASURED)
    first, last = NOW.date(), now[0].date()
    assert [len(times(tmp_path, day, day)) for day in (first, last)] == [1, 3]
    now[0] += timedelta(days=1)
    again.keep(MEASURED)
    assert [len(times(tmp_path, day, day)) for day in (first, last, now[0].date())] == [0, 3, 1]


def test_a_line_that_was_cut_off_costs_no_other(tmp_path: Path) -> None:
    PageTimes(tmp_path, lambda: NOW).keep(MEASURED)
    (file,) = (tmp_path / "page-times").iterdir()
    file.write_text(file.read_text(encoding="utf-8") + '{"page":"co', encoding="utf-8")
    assert times(tmp_path, NOW.date(), NOW.date()) == [MEASURED]


def door(transport: httpx2.AsyncBaseTransport, token: SecretStr | None = None) -> TestClient:
    """The pages' side."""
    passing = PageTimesPassing(Collect, lambda: token, lambda: Hosts(()), transport)
    return TestClient(Starlette(routes=[Route(PATH, passing.receive, methods=["POST"])]), "http://localhost:8501")


def test_the_pages_pass_it_on_with_the_token_and_say_nothing_of_a_collector_that_is_away() -> None:
    came: list[tuple[str | None, bytes]] = []

    def collector(request: httpx2.Request) -> httpx2.Response:
        came.append((request.headers.get("authorization"), request.content))
        raise httpx2.ConnectError("away")

    with door(httpx2.MockTransport(collector), SecretStr("open-sesame")) as client:
        assert client.post(PATH, content=b"{}", headers=OURS).status_code == 204
    assert came == [("Bearer open-sesame", b"{}")]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b"{}", 403),
        ({"Origin": "http://evil.example"}, b"{}", 403),
        (OURS, b"x" * (LARGEST + 1), 413),
    ],
)
def test_nothing_of_another_site_and_nothing_large_is_passed_on(
    headers: dict[str, str], body: bytes, status: int
) -> None:
    def collector(_: httpx2.Request) -> httpx2.Response:
        raise AssertionError("it was passed on")

    with door(httpx2.MockTransport(collector)) as client:
        assert client.post(PATH, content=body, headers=headers).status_code == status
