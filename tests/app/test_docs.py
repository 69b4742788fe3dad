"""The documentation, held against the program: what is listed exists, what exists is listed."""

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import BaseModel

from app.commands.metrics import markdown_table
from metrics.catalog import METRICS
from metrics.events import COMMON, KINDS, Column
from metrics.settings import Settings
from tests.app.documents import DOCUMENTS, ROOT, commands, content, section

METRICS_PAGE, SETTINGS_PAGE, COMMANDS_PAGE = "docs/metrics.md", "docs/settings.md", "docs/commands.md"
EVENTS_PAGE, FILES_PAGE, BUDGETS_PAGE = "docs/events.md", "docs/ingest.md", "docs/budgets.md"
BOARDS_PAGE, REPORTS_PAGE = "docs/boards.md", "docs/reports.md"
EVERYWHERE = {"--home"}
"""Options that the page tells of once."""


def documented(model: type[BaseModel]) -> dict[str, str]:
    """Docstrings of the fields of a class of settings."""
    module = ast.parse(Path(inspect.getfile(model)).read_text(encoding="utf-8"))
    body = next(node.body for node in module.body if isinstance(node, ast.ClassDef) and node.name == model.__name__)
    found: dict[str, str] = {}
    for field, text in pairwise(body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(doc))):
                found[name] = " ".join(doc.split())
            case _:
                pass
    return found


def settings_lines(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """The rows of the table, one a setting."""
    docs = documented(model)
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings_lines(field.annotation, f"{prefix}{name}.")
        else:
            yield f"| `{prefix}{name}` | {shown(field.default)} | {docs[name]} |"


def shown(default: object) -> str:
    """A default as YAML would have it."""
    match default:
        case bool():
            return f"`{str(default).lower()}`"
        case tuple():
            return "`[]`"
        case _:
            return f"`{default}`"


def test_every_metric_is_listed_with_its_definition() -> None:
    assert section(METRICS_PAGE, "metrics") == markdown_table(list(METRICS.values())), (
        "paste `promptpilot metrics --markdown`"
    )


def test_every_setting_is_listed_with_its_default() -> None:
    expected = "\n".join(["| setting | default | meaning |", "|---|---|---|", *settings_lines()])
    assert section(SETTINGS_PAGE, "settings") == expected, f"the table should be:\n{expected}"


@pytest.mark.parametrize(("name", "options"), commands().items(), ids=list(commands()))
def test_every_command_is_listed_with_its_options(name: str, options: set[str]) -> None:
    lines = section(COMMANDS_PAGE, "commands").splitlines()
    row = next((line for line in lines if line.startswith((f"| `{name} ", f"| `{name}`"))), None)
    assert row, f"no row for {name}"
    assert set(re.findall(r"--[a-z-]+", row)) == options - EVERYWHERE


def test_every_event_kind_is_named_in_the_readme_and_told_of() -> None:
    assert [kind for kind in KINDS if f"`{kind}`" not in content("README.md")] == []
    assert [kind for kind in KINDS if f"| `{kind}` |" not in content(FILES_PAGE)] == []


def column_lines(columns: Iterable[Column]) -> str:
    """A table with a row a column."""
    rows = (
        f"| `{column.name}` | {'●' if column.required else ''} | {column.unit} | {described(column)} |"
        for column in columns
    )
    return "\n".join(["| column | | unit | what it is |", "|---|---|---|---|", *rows])


def described(column: Column) -> str:
    """What a column is, and which values it may have where these are few."""
    values = f" One of {', '.join(f'`{value}`' for value in column.one_of)}." if column.one_of else ""
    return column.doc.replace("|", "&#124;") + values


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_every_column_is_listed_with_its_unit(kind: str | None) -> None:
    expected = column_lines(COMMON if kind is None else KINDS[kind].own_columns)
    assert section(EVENTS_PAGE, kind or "every kind") == expected, f"the table should be:\n{expected}"


def test_the_mapping_of_the_readme_is_one(tmp_path: Path) -> None:
    from metrics.events.mapping.mappings import Mappings

    (tmp_path / "mappings.yaml").write_text(section("README.md", "mapping"), encoding="utf-8")
    assert Mappings.load(tmp_path / "mappings.yaml").named("gateway_log")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_make_targets_named_in_documents_exist(document: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make ([a-z]+)\b", content(document), re.MULTILINE))
    assert [name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_paths_named_in_contributing_exist() -> None:
    paths = re.findall(
        r"`((?:metrics|alerts|app|pages|tests|benchmarks|data|docs)/[\w/.-]*)`", content("CONTRIBUTING.md")
    )
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_rule_of_the_readme_is_one() -> None:
    from alerts.rules.reading import check_text

    assert check_text(section("README.md", "rule"), METRICS) == ()


def test_the_prices_of_the_page_are_some(tmp_path: Path) -> None:
    from metrics.events.pricing import PriceBook

    (tmp_path / "prices.yaml").write_text(section(FILES_PAGE, "prices"), encoding="utf-8")
    assert PriceBook.load(tmp_path / "prices.yaml").own


def test_the_budgets_of_the_page_are_some_and_every_key_is_described() -> None:
    from metrics.budgets import Budget
    from metrics.budgets.reading import read
    from tests.app.test_alert_docs import key_lines, own

    placed, problems = read(section(BUDGETS_PAGE, "budgets"), "budgets.yaml")
    assert (len(placed), problems) == (4, [])
    expected = key_lines(own(Budget))
    assert section(BUDGETS_PAGE, "Budget") == expected, f"the table should be:\n{expected}"


def test_the_board_of_the_page_is_one_and_every_key_is_described() -> None:
    from app.boards import Board, Figure, Item
    from app.boards.reading import read
    from tests.app.test_alert_docs import key_lines, own

    found = read(section(BOARDS_PAGE, "board"), "on-call.yaml", METRICS)
    assert (found.board and len(found.board.items), found.problems) == (4, ())
    for model in (Board, Item):
        expected = key_lines(own(model))
        assert section(BOARDS_PAGE, model.__name__) == expected, f"the table should be:\n{expected}"
    assert re.findall(r"^\| `([a-z ]+)` \| [^|]+ \|$", content(BOARDS_PAGE), re.MULTILINE) == [*Figure]


def test_the_reports_of_the_page_are_some_and_every_key_is_described() -> None:
    from app.scheduled import Scheduled, read
    from app.scheduled.reading import Known
    from tests.app.test_alert_docs import key_lines, own

    found = read(section(REPORTS_PAGE, "reports"), Known({"on-call"}, ()))
    assert (len(found.reports), found.problems) == (2, ())
    expected = key_lines(own(Scheduled))
    assert section(REPORTS_PAGE, "Scheduled") == expected, f"the table should be:\n{expected}"
