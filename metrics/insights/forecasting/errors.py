"""How wrong a forecast was at earlier origins, and so how wrong it may be now.

Errors grow with the lead and with what is expected. Both are told by the errors themselves; without them, errors of
all leads are alike and can be counted together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TINY = 1e-12


@dataclass(frozen=True)
class Errors:
    """Errors of all origins on one scale, around a path."""

    path: Floats
    scale: Floats
    """By column of the path: by what an error of the common scale is multiplied there."""
    common: Floats
    """One row an origin, one column a lead; NaN where nothing was seen."""

    @classmethod
    def of(cls, paths: Sequence[Floats], seen: Sequence[Floats], path: Floats) -> "Errors":
        """From what was said at each origin, what came (perhaps of fewer columns), and what is said now."""
        steps = len(path)
        if not paths:
            return cls(path, np.ones(steps), np.zeros((0, steps)))
        came = np.full((len(paths), steps), np.nan)
        for row, actual in enumerate(seen):
            came[row, : len(actual)] = actual
        said = np.stack(paths)
        raw = came - said
        power = _power(np.abs(raw), said) if path.min() >= 0 else 0.0
        typical = max(float(np.mean(said)), _TINY)
        level = np.maximum(said / typical, 0.05) ** power
        growth = _growth(np.abs(raw / level))
        return cls(path, np.maximum(path / typical, 0.05) ** power * growth, raw / level / growth)

    def band(self, level: float) -> tuple[Floats, Floats]:
        """Low and high end that hold `level` percent."""
        known = np.abs(self.common[~np.isnan(self.common)])
        if not len(known):
            return np.full(len(self.path), np.nan), np.full(len(self.path), np.nan)
        share = level / 100
        # Errors of one origin are of a kind: there are a few cases to each origin, and one is always missing.
        cases = 4.0 * np.count_nonzero(~np.isnan(self.common).all(axis=1))
        reach = np.quantile(known, min(share * (1 + 1 / cases), 1.0)) * self.scale
        return self.path - reach, self.path + reach

    def futures(self) -> Floats:
        """The path with each row of errors, and with the same the other way round."""
        rows = [_continued(row) for row in self.common if (~np.isnan(row)).any()]
        if not rows:
            return self.path[np.newaxis].repeat(2, axis=0)
        errors = np.stack(rows) * self.scale
        return np.concatenate([self.path + errors, self.path - errors])


def _continued(row: Floats) -> Floats:
    """With leads that were not seen taken from those that were, over and over."""
    known = row[~np.isnan(row)]
    missing = np.isnan(row)
    return np.where(missing, known[np.arange(len(row)) % len(known)], row)


def _power(wrong: Floats, said: Floats) -> float:
    """To what power of the expected value errors grow: between none (0) and in proportion (1)."""
    usable = ~np.isnan(wrong) & (said > _TINY)
    if usable.sum() < 20:
        return 0.0
    x, y = said[usable], wrong[usable]
    # Errors by how much was expected, in eight parts.
    parts = np.array_split(np.argsort(x, kind="stable"), 8)
    means_x = np.log([x[part].mean() for part in parts])
    means_y = np.log([y[part].mean() + _TINY for part in parts])
    away = means_x - means_x.mean()
    across = float(away @ away)
    return float(np.clip(away @ means_y / across, 0.0, 1.0)) if across > 0.05 else 0.0


def _growth(wrong: Floats) -> Floats:
    """By lead, how much larger errors are than those of the first leads: a power of the lead."""
    steps = wrong.shape[1]
    leads = np.arange(1, steps + 1, dtype=np.float64)
    seen = ~np.isnan(wrong)
    counts = seen.sum(axis=0)
    if steps < 4 or counts.astype(bool).sum() < 4:
        return leads**0.25
    parts = [part for part in np.array_split(np.arange(steps), min(steps, 7)) if counts[part].sum()]
    means = np.array([np.where(seen, wrong, 0.0)[:, part].sum() / counts[part].sum() for part in parts])
    if len(parts) < 2 or (means <= _TINY).any():
        return np.ones(steps)
    x = np.log([float(leads[part].mean()) for part in parts])
    away = x - x.mean()
    power = float(np.clip(away @ np.log(means) / (away @ away), 0.0, 0.75))
    return (leads / leads.mean()) ** power
