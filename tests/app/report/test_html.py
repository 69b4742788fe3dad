"""A report as a document."""

import json
import re
from html.parser import HTMLParser

import pytest

from app import wording
from app.report.blocks import Block, Figure, Group, Heading, Report, Shape, Table, Tile, Tone, Words
from app.report.html import POLICY, data, document

HOSTILE = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> \u2028 ]]> \" ' &"


class Outline(HTMLParser):
    """The elements of a document, and the text between them, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.scripts and self.rawdata and self.cdata_elem == "script":
            self.scripts[-1] += data
        else:
            self.text += data


def written(*blocks: Block, title: str = "Executive") -> Outline:
    return Outline(document(Report(title, "Made now\\.", blocks)))


@pytest.mark.parametrize(
    "block",
    [
        Heading(wording.markdown(HOSTILE), 2, wording.markdown(HOSTILE)),
        Words(wording.markdown(HOSTILE), Tone.WARNING),
        Words(HOSTILE, Tone.CODE),
        Tile(wording.markdown(HOSTILE), HOSTILE, wording.markdown(HOSTILE), "red", "▲", wording.markdown(HOSTILE)),
        Figure({"data": [{"name": HOSTILE, "y": [1]}], "layout": {}}, HOSTILE),
        Table((HOSTILE,), ((HOSTILE,),), alt=HOSTILE),
        Group((Words(wording.markdown(HOSTILE)),), Shape.PANEL),
    ],
    ids=lambda block: type(block).__name__,
)
def test_a_hostile_name_makes_no_element(block: Block) -> None:
    page = written(block, title=wording.markdown(HOSTILE))
    assert page.tags.count("script") == 3
    assert "img" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "alert(1)" in page.text


def test_json_cannot_end_its_script_and_is_the_same_json() -> None:
    text = data({"name": HOSTILE})
    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text) == {"name": HOSTILE}


def test_plotly_is_in_the_file_once_and_cannot_end_its_script() -> None:
    page = written(*(Figure({"data": [], "layout": {}}, str(number)) for number in range(3)))
    assert [len(script) > 1_000_000 for script in page.scripts] == [False, True, False]
    assert json.loads(page.scripts[0]) == [{"data": [], "layout": {}}] * 3


def test_nothing_is_asked_of_the_network() -> None:
    page = written(Heading("A", 1), Tile("B", "1 ms", course="0.0,40.0 120.0,0.0 240.0,40.0"), Table(("a",), (("b",),)))
    assert not {name for name, _ in page.attributes} & {"src", "srcset", "action", "data"}
    assert ("content", POLICY) in page.attributes
    assert "link" not in page.tags


def test_a_figure_has_its_sentence_for_those_who_do_not_see_it() -> None:
    page = written(Figure({"data": [], "layout": {"height": 190}}, "P95 187 ms"))
    assert ("aria-label", "P95 187 ms") in page.attributes
    assert ("style", "height: 190px") in page.attributes
    assert "P95 187 ms" in page.text


def test_a_table_that_was_cut_says_so() -> None:
    assert "The first 1 of 1,200 rows." in written(Table(("a",), (("b",),), total=1200)).text
