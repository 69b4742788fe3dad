"""Views saved by name: links to pages, kept with the home."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from metrics.files import write_whole

FILE_NAME = "views.json"
LONGEST_NAME = 80
MOST = 500


@dataclass(frozen=True, slots=True)
class SavedView:
    """A name and where it leads."""

    name: str
    page: str
    """Last part of the page's address; empty for the first page."""
    query: str
    """What stands behind the question mark."""


class ViewsUnreadable(Exception):
    """The file of the saved views cannot be read; it is left as it is."""


def saved_views(home: Path) -> list[SavedView]:
    """The views of a home in order of their names.

    Raises:
        ViewsUnreadable: the file is there and holds something else.
    """
    path = home / FILE_NAME
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        views = [SavedView(**entry) for entry in listed]
        if not all(isinstance(value, str) for view in views for value in asdict(view).values()):
            raise TypeError("texts are expected")
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise ViewsUnreadable(f"{path}: expected a list of views with name, page and query: {error}") from error
    return sorted(views, key=lambda view: view.name.casefold())


def save(home: Path, view: SavedView) -> None:
    """Keep a view; one of the same name gives way. Raises ViewsUnreadable, or ValueError for a name that is none."""
    name = " ".join(view.name.split())
    if not name or len(name) > LONGEST_NAME:
        raise ValueError(f"a name has 1 to {LONGEST_NAME} letters")
    others = [one for one in saved_views(home) if one.name != name]
    if len(others) >= MOST:
        raise ValueError(f"{MOST} views are saved already: remove one first")
    _write(home, [*others, SavedView(name, view.page, view.query)])


def remove(home: Path, name: str) -> None:
    """Forget a view. Raises ViewsUnreadable."""
    _write(home, [one for one in saved_views(home) if one.name != name])


def _write(home: Path, views: list[SavedView]) -> None:
    write_whole(home / FILE_NAME, json.dumps([asdict(view) for view in views], ensure_ascii=False, indent=1))
