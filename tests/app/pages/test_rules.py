"""The rules that keep pages thin."""

import ast
import re

import pytest

from app.navigation import ENTRIES, PAGES_DIRECTORY

PAGES = sorted(PAGES_DIRECTORY.glob("*.py"))
SQL = re.compile(r"\b(select|from|where|group by)\b.*\b(select|from|where|group by)\b", re.IGNORECASE | re.DOTALL)


@pytest.fixture(params=PAGES, ids=lambda path: path.stem)
def tree(request: pytest.FixtureRequest) -> ast.Module:
    return ast.parse(request.param.read_text(encoding="utf-8"))


def streamlit_names(tree: ast.Module) -> set[str]:
    """What a page takes from Streamlit itself."""
    attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return {node.attr for node in attributes if isinstance(node.value, ast.Name) and node.value.id == "st"}


def test_every_page_is_in_the_menu_and_every_entry_has_a_page() -> None:
    assert sorted(entry.path for entry in ENTRIES) == PAGES
    assert sum(entry.default for entry in ENTRIES) == 1


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_fits_on_a_screen(path: object) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 60  # pyright: ignore[reportAttributeAccessIssue]


def test_a_page_says_which_question_it_answers(tree: ast.Module) -> None:
    assert (ast.get_docstring(tree) or "").endswith("?")


def test_a_page_imports_streamlit_and_app_alone(tree: ast.Module) -> None:
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert all(name == "streamlit" or name.split(".")[0] == "app" for name in imported), imported


def test_a_page_computes_nothing(tree: ast.Module) -> None:
    forbidden = (ast.BinOp, ast.AugAssign, ast.FunctionDef, ast.ClassDef, ast.If, ast.While, ast.Try, ast.Lambda)
    assert not [type(node).__name__ for node in ast.walk(tree) if isinstance(node, forbidden)]


def test_a_page_names_no_color_no_path_and_no_sql(tree: ast.Module) -> None:
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    strings = [text for text in texts if text != ast.get_docstring(tree, clean=False)]
    assert not [text for text in strings if text.startswith("#") or "/" in text or SQL.search(text)]


def test_a_page_leaves_title_configuration_and_raw_html_alone(tree: ast.Module) -> None:
    keywords = {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    assert not {"set_page_config", "title", "html", "session_state", "query_params"} & streamlit_names(tree)
    assert "unsafe_allow_html" not in keywords


def test_colors_are_named_in_the_theme_alone() -> None:
    colored = re.compile(r"#[0-9A-Fa-f]{6}\b|rgba?\(\d")
    app = PAGES_DIRECTORY.parent / "app"
    named = [path.name for path in [*app.rglob("*.py"), *PAGES] if colored.search(path.read_text(encoding="utf-8"))]
    assert named == ["theme.py"]
