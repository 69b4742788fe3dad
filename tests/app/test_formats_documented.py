"""`docs/formats.md` names every adapter that ships, and none that does not."""

import re
from pathlib import Path

from metrics.events.mapping.mappings import Mappings

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def rows() -> list[list[str]]:
    table = PAGE.read_text(encoding="utf-8").split("## Formats")[1].split("## Files")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines() if "| `" in line]


def test_every_adapter_is_in_the_table_once_and_nothing_else_is() -> None:
    named = [name for row in rows() for name in re.findall(r"`([^`]+)`", row[0])]
    shipped = [mapping.name for mapping in Mappings.load(Path("no such directory/mappings.yaml")).shipped]
    assert sorted(named) == sorted(shipped)


def test_every_row_says_where_to_get_it_and_what_it_becomes() -> None:
    assert rows()
    assert [row[0] for row in rows() if not (row[1] and row[2])] == []
