"""Scheduled reports from `reports.yaml` of a home, and what is wrong with any of them.

    # yaml-language-server: $schema=reports.schema.json

as the first line is for editors that complete and check as one types; `promptpilot reports schema` writes that file.

Those with which nothing is wrong are sent beside those that cannot be used.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from alerts.policy.reading import in_force
from app.boards.reading import files
from app.navigation import ENTRIES
from app.scheduled.model import Scheduled
from metrics.events.entries import Document, NotYaml, Place, Problem, nearest

FILE_NAME = "reports.yaml"
_PAGES = tuple(entry.path.stem for entry in ENTRIES)


@dataclass(frozen=True)
class ReportsOf:
    """The reports of a home that can be sent, and what is to be said of the others."""

    reports: tuple[Scheduled, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What reports may name."""

    boards: Collection[str]
    points: Collection[str]

    @classmethod
    def of(cls, home: Path) -> "Known":
        """What a home has."""
        try:
            boards = frozenset(path.stem for path in files(home))
        except OSError:
            boards = frozenset[str]()
        return cls(boards, frozenset(in_force(home).policy.contact_points))


def scheduled_of(home: Path) -> ReportsOf:
    """The reports of a home, which need not have any."""
    try:
        text = (home / FILE_NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ReportsOf()
    except (OSError, UnicodeDecodeError) as error:
        return ReportsOf(problems=(Problem(FILE_NAME, 1, "", f"cannot be read: {error}"),))
    return read(text, Known.of(home))


def read(text: str, known: Known, name: str = FILE_NAME) -> ReportsOf:
    """The reports of a text that can be sent; and all that is wrong with the others."""
    try:
        document = Document.of(text, name)
    except NotYaml as error:
        return ReportsOf(problems=(error.problem,))
    problems = [document.given_twice] if document.given_twice else []
    if not isinstance(document.value, list):
        said = "expected a list, each report beginning with `- id:`"
        return ReportsOf((), (*problems, *([] if document.value is None else [Problem(name, 1, "", said)])))
    found: dict[str, tuple[Scheduled, int]] = {}
    for number, given in enumerate(document.value):
        try:
            report = Scheduled.model_validate(given)
        except ValidationError as error:
            problems += document.problems(error, (number,), Scheduled)
            continue
        wrong = [*_complaints(report, known)]
        if report.id in found:
            wrong.append((("id",), f"{report.id!r} is the id of another report already, on line {found[report.id][1]}"))
        problems += [document.problem((number, *place), said, 1) for place, said in wrong]
        if not wrong:
            found[report.id] = report, document.line((number, "id"))
    return ReportsOf(tuple(report for report, _ in found.values()), tuple(problems))


def _complaints(report: Scheduled, known: Known) -> Iterator[tuple[Place, str]]:
    if bool(report.page) == bool(report.board):
        yield ("page",), "expected either a page or a board"
    elif report.page and report.page not in _PAGES:
        yield ("page",), f"{report.page!r} is no page{nearest(report.page, _PAGES)}; there are {', '.join(_PAGES)}"
    elif report.board and report.board not in known.boards:
        yield ("board",), f"there is no board {report.board!r}{nearest(report.board, known.boards)}"
    for number, target in enumerate(report.targets):
        if target.point and target.point not in known.points:
            near = nearest(target.point, known.points)
            yield ("to", number), f"{target.point!r} is no contact point of routing.yaml{near}"
