"""The documents of the project as tests read them, and the commands that they tell of."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from app.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCS = tuple(sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")))
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md", "data/README.md", *DOCS)
"""Every page that people read, from the root."""
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def content(document: str) -> str:
    """A document as it stands."""
    return (ROOT / document).read_text(encoding="utf-8")


def section(document: str, name: str) -> str:
    """What a document holds between `<!-- name -->` and `<!-- end -->`, without the fence of a code block."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", content(document), re.DOTALL)
    assert found, f"{document} has no section {name}"
    return re.sub(r"\A```(yaml|python)\n", "", found[1].strip()).removesuffix("```")


def links(document: str) -> Iterator[str]:
    """Where the links and pictures of a document lead, addresses of the web left out."""
    yield from re.findall(r"\]\((?!https?://)([^)\s]+)\)", _FENCE.sub("", content(document)))


def anchors(document: str) -> set[str]:
    """What a link to a part of a document may name: its headings, as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ +(.+?) *$", _FENCE.sub("", content(document)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code(document: str) -> Iterator[str]:
    """What a document has as code: each span within a line, and each line of a block of shell commands."""
    whole = content(document)
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", _FENCE.sub("", whole))
    for block in re.findall(r"^```sh\n(.*?)^```", whole, re.MULTILINE | re.DOTALL):
        yield from (line.split("#")[0].strip() for line in block.splitlines())


def commands() -> Mapping[str, set[str]]:
    """The long options of every command by its name, as it is typed; those of a group's are named with the group."""
    found: dict[str, set[str]] = {}

    def gather(command: TyperCommand | TyperGroup, name: str) -> None:
        if isinstance(command, TyperGroup):
            for word, below in command.commands.items():
                gather(below, f"{name} {word}".strip())  # pyright: ignore[reportArgumentType]
        else:
            options = (option for parameter in command.params for option in parameter.opts)
            found[name] = {option for option in options if option.startswith("--")}

    gather(get_command(app), "")  # pyright: ignore[reportArgumentType]
    return found
