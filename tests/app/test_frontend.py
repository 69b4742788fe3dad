"""The frontend's files and the document around each page."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.frontend import ROOT, Frontend

DOCUMENT = """<html><head><script type="module" src="./static/js/index.1.js"></script></head><body></body></html>"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    modules = tmp_path / "static" / "js"
    modules.mkdir(parents=True)
    (tmp_path / "index.html").write_text(DOCUMENT)
    (modules / "index.1.js").write_text("export const a = 1")
    (modules / "PlotlyChart.2.js").write_text('import{a}from"./index.1.js";import"./plot.3.js";const far="x"')
    (modules / "plot.3.js").write_text('import{p as q}from"./PlotlyChart.2.js";export const b = 2')
    return tmp_path


@pytest.fixture
def client(files: Path) -> TestClient:
    async def passed_on(_: object) -> PlainTextResponse:
        return PlainTextResponse("Streamlit's")

    every = Route("/{path:path}", passed_on, methods=["GET", "POST"])
    return TestClient(Starlette(routes=[every], middleware=[Middleware(Frontend, root=files)]))


def test_a_file_is_sent_as_it_is_and_may_be_kept_for_ever(client: TestClient, files: Path) -> None:
    for _ in range(2):
        answer = client.get("/static/js/plot.3.js")
        assert answer.content == (files / "static" / "js" / "plot.3.js").read_bytes()
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["/", "/performance"])
def test_a_page_names_the_modules_it_will_need_and_what_these_import(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.text.count("modulepreload") == 2
    assert 'href="./static/js/PlotlyChart.2.js"' in answer.text
    assert 'href="./static/js/plot.3.js"' in answer.text
    assert answer.text.count("index.1.js") == 1


@pytest.mark.parametrize("path", ["/static/../index.html", "/static/js/none.js", "/_stcore/health", "/executive/x"])
def test_all_else_is_passed_on(client: TestClient, path: str) -> None:
    assert client.get(path).text == "Streamlit's"


def test_what_is_not_asked_for_with_get_is_passed_on(client: TestClient) -> None:
    assert client.post("/static/js/plot.3.js").text == "Streamlit's"


def test_the_installed_streamlit_has_the_largest_module_under_its_name() -> None:
    assert len([*(ROOT / "static" / "js").glob("PlotlyChart.*.js")]) == 1
