"""The frontend's files and the document around each page."""

import random
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.frontend import NEEDED, NEEDED_BY, ROOT, Frontend, is_deferred
from app.navigation import ENTRIES

DOCUMENT = """<html><head><script type="module" src="./static/js/index.1.js"></script></head><body></body></html>"""

PLOTLY = 'import{a}from"./index.1.js";import"./plot.3.js";const far="x";export{far as PlotlyChart,a as default};'
NOISE = random.Random(1).randbytes(2000)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    modules = tmp_path / "static" / "js"
    modules.mkdir(parents=True)
    (tmp_path / "index.html").write_text(DOCUMENT)
    (modules / "index.1.js").write_text("export const a = 1")
    (modules / "PlotlyChart.2.js").write_text(PLOTLY)
    (modules / "plot.3.js").write_text('import{p as q}from"./PlotlyChart.2.js";export const b = 2')
    (modules / "Selectbox.5.js").write_text('import{p as q}from"./choices.6.js"')
    (modules / "choices.6.js").write_text("export const p = 3")
    (modules / "letters.4.woff2").write_bytes(NOISE)
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
    assert answer.text.count("modulepreload") == 3
    assert 'href="./static/js/PlotlyChart.2.js"' in answer.text
    assert 'href="./static/js/PlotlyChart.2.js?whole"' in answer.text
    assert 'href="./static/js/plot.3.js"' in answer.text
    assert answer.text.count("index.1.js") == 1


@pytest.mark.parametrize(("path", "named"), [("/explore", 1), ("/cost", 1), ("/", 0)])
def test_a_page_names_what_it_alone_needs(client: TestClient, path: str, named: int) -> None:
    text = client.get(path).text
    assert [text.count(f'href="./static/js/{name}"') for name in ("Selectbox.5.js", "choices.6.js")] == [named] * 2
    assert 'href="./static/js/PlotlyChart.2.js"' in text


@pytest.mark.parametrize("path", ["/", "/cost", "/alerts", "/explore"])
def test_tiles_are_asked_for_before_any_script_by_the_pages_that_begin_with_some(client: TestClient, path: str) -> None:
    text = client.get(path).text
    asked = text.find("fetch(`first-paint/")
    assert (asked >= 0) == (path in ("/", "/cost"))
    assert asked < min(text.index(begun) for begun in ("modulepreload", "index.1.js"))


def test_the_pages_are_those_that_there_are_and_the_installed_streamlit_has_what_is_announced() -> None:
    assert {f"/{entry.path.stem}" for entry in ENTRIES} >= NEEDED_BY.keys()
    modules = ROOT / "static" / "js"
    announced = (*NEEDED, *(stem for stems in NEEDED_BY.values() for stem in stems))
    assert [stem for stem in announced if not list(modules.glob(f"{stem}.*.js"))] == []


@pytest.mark.parametrize("path", ["/static/../index.html", "/static/js/none.js", "/_stcore/health", "/executive/x"])
def test_all_else_is_passed_on(client: TestClient, path: str) -> None:
    assert client.get(path).text == "Streamlit's"


def test_what_is_not_asked_for_with_get_is_passed_on(client: TestClient) -> None:
    assert client.post("/static/js/plot.3.js").text == "Streamlit's"


def test_the_largest_module_begins_when_the_tiles_are_shown(client: TestClient) -> None:
    first = client.get("/static/js/PlotlyChart.2.js").text
    assert first.index("await globalThis.promptpilotTilesShown") < first.index('import("./PlotlyChart.2.js?whole")')
    assert client.get("/static/js/PlotlyChart.2.js?whole").text == PLOTLY


def test_a_template_that_is_equal_is_no_reason_to_draw_a_figure_anew(client: TestClient, files: Path) -> None:
    module = files / "static" / "js" / "PlotlyChart.2.js"
    module.write_text("var layout={template:{valType:`any`,editType:`calc`},x:1};" + PLOTLY)
    sent = client.get(f"/static/js/{module.name}?whole").text
    assert "template:{valType:`any`,editType:`calc`,_compareAsJSON:!0},x:1}" in sent


def test_the_installed_plotly_says_how_templates_are_compared() -> None:
    (module,) = (ROOT / "static" / "js").glob("PlotlyChart.*.js")
    text = module.read_text(encoding="utf-8")
    assert text.count("template:{valType:`any`,editType:`calc`}") == 1
    assert "_compareAsJSON&&JSON.stringify(" in text


def test_a_module_that_gives_other_names_than_are_known_is_sent_as_it_is(client: TestClient, files: Path) -> None:
    (files / "static" / "js" / "PlotlyChart.2.js").write_text('const far="x";export{far as Figure,far as default}')
    assert "Figure" in client.get("/static/js/PlotlyChart.2.js").text


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "br"),
        ("gzip, br;q=0", "gzip"),
        ("deflate", None),
        ("identity", None),
        ("", None),
    ],
)
def test_a_file_goes_out_packed_as_the_browser_takes_it(
    client: TestClient, files: Path, accepted: str, encoding: str | None
) -> None:
    long = "const word = 'again and again';\n" * 100
    (files / "static" / "js" / "plot.3.js").write_text(long)
    for _ in range(2):
        answer = client.get("/static/js/plot.3.js", headers={"Accept-Encoding": accepted})
        assert answer.headers.get("content-encoding") == encoding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.text == long


def test_what_gains_nothing_by_packing_is_sent_as_it_is(client: TestClient) -> None:
    answer = client.get("/static/js/letters.4.woff2", headers={"Accept-Encoding": "br"})
    assert answer.headers.get("content-encoding") is None
    assert answer.content == NOISE


def test_the_installed_streamlit_has_the_largest_module_under_its_name_and_as_it_is_known() -> None:
    [module] = (ROOT / "static" / "js").glob("PlotlyChart.*.js")
    assert is_deferred(module)
