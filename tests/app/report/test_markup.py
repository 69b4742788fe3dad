"""Streamlit's Markdown as HTML."""

import pytest

from app import wording
from app.report.markup import html, inline, plain


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("P95 **of** `all`", "P95 <strong>of</strong> <code>all</code>"),
        (":red[:material/error: **Critical**] it is", '<span class="red"> <strong>Critical</strong></span> it is'),
        ("Cost :green-badge[:material/check_circle: OK]", 'Cost <span class="green badge"> OK</span>'),
        (":red[a [b] c] d", '<span class="red">a [b] c</span> d'),
        (":red[never closed", ":red[never closed"),
        ("23\\:59", "23:59"),
    ],
)
def test_emphasis_and_colors_are_kept(text: str, written: str) -> None:
    assert inline(text) == written


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1)) ![y](http://example.invalid/z.png)",
        "<http://example.invalid>",
        ":red[<b>x</b>] :material/error: $a$ **b** `c`",
        '" onmouseover="alert(1)',
    ],
)
def test_a_strangers_name_is_text(hostile: str) -> None:
    for written in (inline(wording.markdown(hostile)), inline(hostile), html(hostile)):
        assert "<a" not in written
        assert "<img" not in written
        assert "<script" not in written
        assert "<b>" not in written
        assert 'onmouseover="' not in written
    assert plain(wording.markdown(hostile)) == hostile


def test_paragraphs_are_kept() -> None:
    assert html("one\n\ntwo") == "<p>one</p>\n<p>two</p>\n"
