"""Pages read off without a browser, through the scripts that a visitor gets."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import source, theme
from app.navigation import ENTRIES, Entry
from app.report import reading, recording
from app.report.blocks import Block, Figure, Group, Heading, Table, Tile, Tone, Words
from app.report.making import made
from app.report.markup import plain
from tests.app.fake import VALUES, FakeEngine, fake_source
from tests.patience import TIMEOUT

HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    fake = FakeEngine(values={**VALUES, "endpoint": (HOSTILE, "/v1/prompts"), "provider": ("openai", HOSTILE)})
    source.connect_through(fake_source(fake))
    yield fake
    source.connect_through(None)


def flat(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Group):
            yield from flat(block.blocks)


def read(entry: Entry, **query: list[str]) -> list[Block]:
    return list(flat(reading.blocks(recording.shown(entry, query))))


def on_the_page(entry: Entry, kind: str) -> int:
    app = AppTest.from_file(recording.MAIN, default_timeout=TIMEOUT)
    if not entry.default:
        app.switch_page(str(entry.path))
    return len(app.run().get(kind))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.file)
def test_every_figure_tile_and_table_of_a_page_is_in_its_report(engine: FakeEngine, entry: Entry) -> None:
    blocks = read(entry)
    for kind, sort in (("plotly_chart", Figure), ("metric", Tile), ("dataframe", Table)):
        assert sum(isinstance(block, sort) for block in blocks) == on_the_page(entry, kind)
    assert Heading(entry.title, 1) in blocks
    assert all(block.alt for block in blocks if isinstance(block, Figure))
    assert theme.INK not in str([block for block in blocks if isinstance(block, Figure)])
    assert all(block.definition for block in blocks if isinstance(block, Tile))
    assert not [block for block in blocks if isinstance(block, Words) and "live page" in block.text]


def test_the_window_the_zone_and_the_filters_are_said(engine: FakeEngine) -> None:
    query = {"from": ["2026-03-01T00:00"], "to": ["2026-03-02T00:00"], "tz": ["Asia/Kathmandu"]}
    blocks = read(ENTRIES[0], **query, f=["provider:openai", f"region!:{HOSTILE}"])
    words = [plain(block.text) for block in blocks if isinstance(block, Words)]
    assert "01 Mar 2026 00:00 – 02 Mar 2026 00:00 Asia/Kathmandu" in words
    chips = [plain(block.text) for block in blocks if isinstance(block, Words) and block.tone is Tone.CHIP]
    assert chips == ["Provider: openai", f"Region: not {HOSTILE}"]


def test_what_was_ignored_of_a_link_is_said(engine: FakeEngine) -> None:
    blocks = read(ENTRIES[0], f=["nonsense"])
    assert any(isinstance(block, Words) and block.tone is Tone.WARNING for block in blocks)


def test_a_panel_that_fails_says_so_and_the_others_stand(engine: FakeEngine) -> None:
    engine.broken = frozenset({"requests_per_second"})
    blocks = read(ENTRIES[0])
    (error,) = (block for block in blocks if isinstance(block, Words) and block.tone is Tone.ERROR)
    assert "Throughput could not be shown" in plain(error.text)
    assert any(isinstance(block, Figure) for block in blocks)


def test_a_hostile_name_in_the_data_makes_no_element(engine: FakeEngine) -> None:
    page = made(next(entry for entry in ENTRIES if entry.file == "performance.py"), {})
    assert page.count("</script>") == 3
    assert "<img" not in page.partition("<footer>")[0]


def test_a_page_that_raises_is_no_report(engine: FakeEngine, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise ValueError('no such thing')", encoding="utf-8")
    with pytest.raises(recording.Unshown, match="the page Broken could not be shown: ValueError"):
        recording.checked("Broken", AppTest.from_file(broken).run())
