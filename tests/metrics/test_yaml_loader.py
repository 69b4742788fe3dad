"""What ships is read by libyaml, and says the same as to PyYAML's own reader."""

from pathlib import Path

import pytest
import yaml

import metrics.events.adapters
from metrics.events.entries import Document
from metrics.yaml_loader import ShippedTextualTimes, TextualTimes

SHIPPED = sorted(Path(metrics.events.adapters.__path__[0]).glob("*.yaml"))


def nodes(node: yaml.Node | None) -> list[tuple[str, str, int]]:
    """Each node of a tree: its tag, what it says, and on which line it begins."""
    if node is None:
        return []
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    else:
        parts = list(node.value) if isinstance(node, yaml.SequenceNode) else []
    said = node.value if isinstance(node, yaml.ScalarNode) else ""
    return [(node.tag, said, node.start_mark.line), *(one for part in parts for one in nodes(part))]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_file_that_ships_says_the_same_to_both(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    quick, careful = (Document.of(text, path.name, reading) for reading in (ShippedTextualTimes, TextualTimes))
    assert quick.value == careful.value
    assert quick.value
    assert nodes(quick.tree) == nodes(careful.tree)
    assert quick.given_twice is careful.given_twice is None


def test_times_stay_text() -> None:
    for reading in (ShippedTextualTimes, TextualTimes):
        assert Document.of("at: 2026-01-01", "file", reading).value == {"at": "2026-01-01"}


def test_libyaml_is_there() -> None:
    assert issubclass(ShippedTextualTimes, yaml.CSafeLoader)
