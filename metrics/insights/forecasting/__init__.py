"""What will come of a series, and how sure is that?

    regular ─► calendar ─► paths (shape of the cycle, level) ─► errors at earlier origins ─► bands

Every way to carry a series on is a function of `paths.PATHS`; `model` makes a model of it, `asking` is the face.

The models are written in NumPy here, and are not those of statsforecast: that package and its companion fugue hold
pandas below 3, which the rest of the program has passed; it takes 1.7 CPU seconds to import and 0.4 to 0.8 a fit of
sixty days of hours, where rolling origins need fifty fits. On the series of `benchmarks/forecasting.py` the ensemble
here is no less exact (figures in `benchmarks/README.md`).
"""

from metrics.insights.forecasting.asking import LEVELS, MODELS, Outlook, TooShort, forecast, length_of, outlook
from metrics.insights.forecasting.extras import MissingPackage
from metrics.insights.regular import UnusableSeries

__all__ = [
    "LEVELS",
    "MODELS",
    "MissingPackage",
    "Outlook",
    "TooShort",
    "UnusableSeries",
    "forecast",
    "length_of",
    "outlook",
]
