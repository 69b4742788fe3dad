"""What came of checks as JUnit XML, which continuous integration shows test by test."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple
from xml.etree.ElementTree import Element, ElementTree, SubElement

import typer

from app.commands.outcome import Exit, Stop

Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write what came of it as JUnit XML, too.")]


class Outcome(NamedTuple):
    """One test by its name, and what is wrong; empty where nothing is."""

    name: str
    said: str = ""


def write_junit(path: Path, suite: str, outcomes: Sequence[Outcome]) -> None:
    """Write a suite of tests. Raises Stop where the file cannot be written."""
    failed = sum(bool(one.said) for one in outcomes)
    root = Element("testsuite", name=suite, tests=str(len(outcomes)), failures=str(failed), errors="0")
    for one in outcomes:
        case = SubElement(root, "testcase", classname=suite, name=_plain(one.name))
        if one.said:
            said = _plain(one.said.strip())
            SubElement(case, "failure", message=said.splitlines()[0]).text = said
    try:
        ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise Stop(Exit.ENVIRONMENT, f"{path}: {error.strerror or error}") from error


def _plain(text: str) -> str:
    """Without the signs that XML has no way to write."""
    return "".join(sign if sign in "\t\n" or sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
