"""Whatever lies in a file: one clear reason, the good rows kept, and the process goes on."""

from pathlib import Path

import pytest

from metrics.lake.ingest import ingest
from metrics.settings import Settings
from tests.metrics.lake.files import HOSTILE, NOW, ODD, requests


def test_every_hostile_file_has_its_reason_and_the_next_file_is_stored(tmp_path: Path, settings: Settings) -> None:
    paths = {name: tmp_path / f"{number:02d}.parquet" for number, name in enumerate(HOSTILE)}
    for name, (make, _, _) in HOSTILE.items():
        make(paths[name])
    good = tmp_path / "zz-good.parquet"
    requests(50, first=1000).write_parquet(good)
    report = ingest([*paths.values(), good], settings, now=lambda: NOW)
    outcomes = {outcome.path: outcome for outcome in report.files}
    assert outcomes[good].stored == 50
    for name, (_, words, kept) in HOSTILE.items():
        outcome = outcomes[paths[name]]
        assert words in outcome.reason, name
        assert outcome.read == outcome.stored + outcome.duplicates + outcome.rejected, name
        if kept == 0:
            assert outcome.status == "rejected", name
        else:
            assert outcome.read == 3, name
            assert outcome.rejected == 1, name


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_is_stored_whole(name: str, tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "odd.parquet"
    ODD[name](path)
    (outcome,) = ingest([path], settings, now=lambda: NOW).files
    assert (outcome.status, outcome.stored, outcome.reason) == ("stored", 3, "")
