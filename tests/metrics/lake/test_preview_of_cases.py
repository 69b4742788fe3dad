"""The preview and ingest read every file alike, whatever names, paths and attributes its columns have."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from metrics.events.recognition.recognition import Unrecognized
from metrics.lake.looking.figures import Gathered
from metrics.lake.looking.previewing import PreviewTask, preview
from metrics.lake.problems import Unreadable
from tests.metrics.events.conftest import NOW
from tests.metrics.lake.cases import CASES, NO_HOME, read

SAMPLES = CASES.parents[1] / "samples"
REFUSALS = (Unrecognized, Unreadable)


def _files() -> list[str]:
    every = sorted(path for folder in (CASES, SAMPLES) for path in folder.rglob("*") if path.is_file())
    shown = (path for path in every if path.suffix not in (".yaml", ".md"))
    return [str(path.relative_to(CASES.parents[2])) for path in shown]


def previewed(path: Path, home: Path) -> Mapping[str, Mapping[str, float | None]]:
    seen = preview(PreviewTask(str(path), path.name, str(home), NOW.isoformat(), 1_000_000), lambda _: None)
    return {kind.kind: {one.title: one.value for one in kind.figures} for kind in seen.kinds}


def ingested(path: Path, home: Path) -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for kind, part in read(path, home / NO_HOME.name).parts.items():
        if part.good.height:
            gathered = Gathered(kind)
            gathered.add(part.good)
            found[kind] = {one.title: one.value for one in gathered.figures()}
    return found


@pytest.mark.parametrize("name", _files())
def test_the_preview_of_a_case_says_what_ingest_makes_of_it(name: str, tmp_path: Path) -> None:
    path = CASES.parents[2] / name
    try:
        expected = ingested(path, tmp_path)
    except REFUSALS:
        with pytest.raises(REFUSALS):
            previewed(path, tmp_path)
        return
    found = previewed(path, tmp_path)
    assert found == {kind: pytest.approx(values) for kind, values in expected.items()}
