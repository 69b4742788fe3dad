"""What in a series is unlike what was to be expected of it?

    regular ─► calendar ─► usual (level, hour of the week) ─► spreads (features) ─► limits ─► anomalies

`watching` goes through many series at once, bucket by bucket, so that each is judged by what was before it alone;
`detectors` are other ways to score the same features, `asking` is the face.
"""

from metrics.insights.anomalies.asking import METHODS, SENSITIVITIES, Findings, detect, findings, findings_together
from metrics.insights.regular import TooShort, UnusableSeries

__all__ = [
    "METHODS",
    "SENSITIVITIES",
    "Findings",
    "TooShort",
    "UnusableSeries",
    "detect",
    "findings",
    "findings_together",
]
