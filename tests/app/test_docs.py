"""The documentation, held against the program: what is listed exists, what exists is listed."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.main import get_command

from app.cli import app
from app.commands.metrics import markdown_table
from metrics.catalog import METRICS
from metrics.events import KINDS
from metrics.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md")


def section(name: str) -> str:
    """What the README holds between `<!-- name -->` and `<!-- end -->`."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", README, re.DOTALL)
    assert found, f"the README has no section {name}"
    return found[1].strip()


def documented(model: type[BaseModel]) -> dict[str, str]:
    """Docstrings of the fields of the settings class of that name."""
    module = ast.parse((ROOT / "metrics" / "settings.py").read_text(encoding="utf-8"))
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
    """The rows of the README's table, one a setting."""
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


def test_the_readme_lists_every_metric_with_its_definition() -> None:
    assert section("metrics") == markdown_table(list(METRICS.values())), "paste `promptpilot metrics --markdown`"


def test_the_readme_lists_every_setting_with_its_default() -> None:
    expected = "\n".join(["| setting | default | meaning |", "|---|---|---|", *settings_lines()])
    assert section("settings") == expected, f"the table should be:\n{expected}"


def test_the_readme_lists_every_command_and_its_options() -> None:
    for name, command in get_command(app).commands.items():  # pyright: ignore[reportAttributeAccessIssue]
        row = next((line for line in README.splitlines() if line.startswith((f"| `{name} ", f"| `{name}`"))), None)
        assert row, f"no row for {name}"
        mentioned = set(re.findall(r"--[a-z-]+", row))
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        assert mentioned <= options, f"{name} has no {mentioned - options}"


def test_the_readme_names_every_event_kind() -> None:
    assert [kind for kind in KINDS if f"`{kind}`" not in README] == []


def test_the_mapping_of_the_readme_is_one(tmp_path: Path) -> None:
    from metrics.events.mapping.mappings import Mappings

    yaml = section("mapping").removeprefix("```yaml\n").removesuffix("```")
    (tmp_path / "mappings.yaml").write_text(yaml, encoding="utf-8")
    assert Mappings.load(tmp_path / "mappings.yaml").named("gateway_log")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://)([^)#]+)[^)]*\)", text)
    assert [target for target in targets if not ((ROOT / document).parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_make_targets_named_in_documents_exist(document: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z]+)`", (ROOT / document).read_text(encoding="utf-8")))
    assert [name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_paths_named_in_contributing_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:metrics|app|pages|tests|benchmarks|data)/[\w/.-]*)`", text)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_rule_of_the_readme_is_one() -> None:
    from alerts.rules.reading import check_text

    yaml = section("rule").removeprefix("```yaml\n").removesuffix("```")
    assert check_text(yaml, METRICS) == ()
