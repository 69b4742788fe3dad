"""`anomaly`: unlike what was usual, as a detector sees it that has learned the days before.

What it is shown are residuals: by how many spreads a value is off the median of the same hour of the day (working
days and weekends apart), by how many the newest five are, and by how many it jumps against these. All instances of a
rule are learned together, once a day (of UTC), each in units of its own spread. A `Detector` says how strange they
are; another one joins by a row in `DETECTORS`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import numpy as np

from alerts.judging.dynamic import Usual, usual_of
from alerts.judging.evidence import Evidence, Needs
from alerts.judging.instance import Labels
from alerts.judging.instants import MICROSECOND, Instants, buckets, floored, moment
from alerts.judging.series import Floats, Series
from alerts.judging.verdicts import Judged, verdicts
from alerts.rules import Anomaly
from alerts.rules.durations import written
from metrics.engine import Window

SHARES = {"low": 0.001, "medium": 0.003, "high": 0.01}
"""Part of the history that is taken for strange."""
NEVER_STRANGE = 2.0
"""Spreads within which nothing is, whatever a detector says."""
FEWEST = 50
"""Buckets of history without which nothing is learned."""
FEWEST_OF_HOUR = 3
NEWEST = 5
"""Buckets that are looked at together."""
_FARTHEST = 50.0
_DAY = timedelta(days=1)

Strangeness = Callable[[Floats], Floats]
"""How strange each row of features is; more is stranger."""


class Detector(Protocol):
    """Learns what is usual."""

    def learned(self, usual: Floats) -> Strangeness:
        """From rows of features, most of which are usual. The same rows give the same again."""
        ...


@dataclass(frozen=True)
class IsolationForest:
    """What few cuts set apart is strange."""

    trees: int = 50
    most: int = 4096
    """Rows that are learned from."""

    def learned(self, usual: Floats) -> Strangeness:
        """As of `Detector`."""
        from sklearn.ensemble import IsolationForest as Forest

        forest = Forest(n_estimators=self.trees, random_state=0).fit(_thinned(usual, self.most))
        return lambda features: -np.asarray(forest.score_samples(features), np.float64)


@dataclass(frozen=True)
class OneClassSvm:
    """What lies outside of a smooth hull is strange."""

    outside: float = 0.01
    most: int = 1500

    def learned(self, usual: Floats) -> Strangeness:
        """As of `Detector`."""
        from sklearn.svm import OneClassSVM

        rows = _thinned(usual, self.most)
        # The features are in spreads already: nothing is to be scaled by outliers.
        hull = OneClassSVM(nu=self.outside, gamma=0.1).fit(rows)  # pyright: ignore[reportArgumentType]
        return lambda features: -np.asarray(hull.score_samples(features), np.float64)


DETECTORS: Mapping[str, Detector] = {"isolation-forest": IsolationForest(), "one-class-svm": OneClassSvm()}


@dataclass(frozen=True)
class Model:
    """What was learned of the days before one day."""

    row: Mapping[Labels, int]
    usual: Usual
    """By instance and season."""
    strangeness: Strangeness
    limit: float
    """More is strange."""

    def expected(self, labels: Sequence[Labels], starts: Instants) -> tuple[Floats, Floats]:
        """Median and spread for each instance at each bucket; NaN where too little is known."""
        rows = np.array([self.row.get(one, -1) for one in labels], np.intp)
        place = np.ix_(rows, _season(starts))
        known = (self.usual.known[place] >= FEWEST_OF_HOUR) & (rows >= 0)[:, np.newaxis]
        return np.where(known, self.usual.middle[place], np.nan), np.where(known, self.usual.spread[place], np.nan)


def needs_of_detector(condition: Anomaly, width: timedelta) -> Needs:
    """A few buckets at hand, and the history before each day."""
    return Needs(reach=(NEWEST - 1) * width, block=max(width, _DAY), history=condition.history)


def judged_by_detector(condition: Anomaly, evidence: Evidence) -> Judged:
    """Strange to the detector, and not near to what is usual either."""
    series, first = evidence.masked, evidence.first
    values = series.values[:, first:]
    breach, usual = np.zeros(values.shape, np.bool_), np.full(values.shape, np.nan)
    block, learned = evidence.asked.needs.block, False
    for start in buckets(evidence.asked.blocks, block):
        day = Window(start=moment(int(start)), end=moment(int(start)) + block)
        model = _model(condition, evidence, day)
        here = np.flatnonzero((series.starts[first:] >= start) & (series.starts[first:] < start + block // MICROSECOND))
        if model is None or not len(here):
            continue
        learned = True
        columns = slice(max(first + int(here[0]) - NEWEST + 1, 0), first + int(here[-1]) + 1)
        middle, spread = model.expected(series.labels, series.starts[columns])
        features = _features(series.values[:, columns], middle, spread)[:, -len(here) :]
        usual[:, here] = middle[:, -len(here) :]
        far = np.abs(features[:, :, :2]).max(axis=2) >= NEVER_STRANGE
        if far.any():
            strange = np.zeros(far.shape, np.bool_)
            strange[far] = model.strangeness(features[far]) >= model.limit
            breach[:, here] = strange
    said = "" if learned else f"too little is known of the {written(condition.history)} before to say what is usual"
    return Judged(verdicts(~np.isnan(values) & ~np.isnan(usual), breach), values, usual, problem=said)


def _model(condition: Anomaly, evidence: Evidence, day: Window) -> Model | None:
    """What the days before this one teach; None where they are too few."""
    asked, history = evidence.asked, evidence.history
    if history is None:
        return None
    width = asked.question.width
    before = Window(start=floored(day.start - condition.history, width), end=day.start)
    known = (asked.question, asked.metric, asked.min_events, before, condition.method, condition.sensitivity)
    kept = evidence.memory.get(known)
    if isinstance(kept, Model):
        return kept
    model = _learned(condition, history.within(before).masked(asked.min_events))
    if model is not None:
        evidence.memory.put(known, model, 100_000)
    return model


def _learned(condition: Anomaly, history: Series) -> Model | None:
    season = _season(history.starts)
    usual = Usual.stacked([usual_of(history.values[:, season == one]) for one in range(_SEASONS)])
    features = _features(history.values, usual.middle[:, season], usual.spread[:, season])
    features = features[~np.isnan(features).any(axis=2)]
    if len(features) < FEWEST:
        return None
    strangeness = DETECTORS[condition.method].learned(features)
    seen = strangeness(_thinned(features, 4096))
    row = {label: number for number, label in enumerate(history.labels)}
    return Model(row, usual, strangeness, float(np.quantile(seen, 1 - SHARES[condition.sensitivity])))


_SEASONS = 48


def _season(starts: Instants) -> Instants:
    """Hour of the day, 24 more at a weekend."""
    hours = starts // (timedelta(hours=1) // MICROSECOND)
    weekend = (hours // 24 + 3) % 7 >= 5  # the epoch was a Thursday
    return hours % 24 + 24 * weekend


def _features(values: Floats, middle: Floats, spread: Floats) -> Floats:
    """Residuals: of the value, of the newest few together, and the jump from those before."""
    away = values - middle
    residual = np.where(away == 0, 0.0, away / np.where(spread > 0, spread, np.nan))
    residual = np.where((spread == 0) & (away != 0), np.sign(away) * _FARTHEST, residual)
    residual = np.clip(residual, -_FARTHEST, _FARTHEST)
    known = ~np.isnan(residual)
    filled = np.where(known, residual, 0.0)
    sums = _newest(filled)
    counts = _newest(known.astype(np.float64))
    together = sums / np.maximum(counts, 1)
    before = (sums - filled) / np.maximum(counts - 1, 1)
    return np.where(known[:, :, np.newaxis], np.stack([residual, together, residual - before], axis=2), np.nan)


def _newest(values: Floats) -> Floats:
    """Sums over the newest few columns, added up afresh so that no digit is lost."""
    padded = np.concatenate([np.zeros((len(values), NEWEST - 1)), values], axis=1)
    return np.sum([padded[:, back : back + values.shape[1]] for back in range(NEWEST)], axis=0)


def _thinned(rows: Floats, most: int) -> Floats:
    """At most so many of the rows, evenly."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.intp)]
