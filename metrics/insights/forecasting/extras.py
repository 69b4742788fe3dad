"""Ways to carry a series on that need packages of their own: Prophet, and a small recurrent network (LSTM).

Both take seconds where the others take milliseconds, so they are asked at few earlier origins.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.insights.calendar import Calendar
from metrics.insights.forecasting.paths import PATHS, Path
from metrics.insights.forecasting.shape import Shape, filled, fitting

Floats = NDArray[np.float64]

MOST_ORIGINS = 3
_SEED = 1
_EPOCHS = 20
_BATCH = 64
_UNITS = 32
_MONDAY = np.datetime64("2001-01-01", "s")
_WEEK_SECONDS = 7 * 86_400


class MissingPackage(ValueError):
    """A model whose package is not installed; the message says how to install it."""


def prophet() -> Path:
    """Piecewise linear trend with seasons as Fourier sums (Prophet). Raises `MissingPackage`."""
    module = _package("prophet", "pip install 'promptpilot-observability[prophet]'")
    pandas = import_module("pandas")

    def carried(values: Floats, calendar: Calendar, steps: int) -> Floats:
        # What it is told are times at which a clock that is never put forward or back shows the same slots.
        times = _times(calendar, len(values) + steps)
        model = module.Prophet(
            daily_seasonality=calendar.day > 1, weekly_seasonality=calendar.period > 1, yearly_seasonality=False,
            uncertainty_samples=0,
        )  # fmt: skip
        known = ~np.isnan(values)
        model.fit(pandas.DataFrame({"ds": times[: len(values)][known], "y": values[known]}), seed=_SEED)
        return np.asarray(model.predict(pandas.DataFrame({"ds": times[len(values) :]}))["yhat"], np.float64)

    return carried


def lstm() -> Path:
    """A small LSTM that reads one cycle and writes what follows, on what the cycle leaves. Raises `MissingPackage`."""
    torch = _package(
        "torch", "pip install 'promptpilot-observability[lstm]' (its build for CPUs is enough, as pytorch.org says)"
    )

    def carried(values: Floats, calendar: Calendar, steps: int) -> Floats:
        shape = Shape.of(values, calendar)
        end, width = len(values), max(fitting(values, calendar).period, 2 * calendar.day, 4)
        left = filled(shape.off(values, calendar))
        middle, spread = float(left.mean()), float(left.std()) or 1.0
        scaled = (left - middle) / spread
        if end < width + steps + 2:
            return PATHS["profile"](values, calendar, steps)
        windows = np.lib.stride_tricks.sliding_window_view(scaled, width + steps)
        ahead = _trained(torch, windows, width)(scaled[-width:])
        return shape.on(ahead * spread + middle, calendar.part(end, end + steps))

    return carried


def _trained(torch: Any, windows: Floats, width: int) -> Callable[[Floats], Floats]:
    """A network fitted to windows of `width` columns and those that follow: what follows the last of the first."""
    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        reading = torch.nn.LSTM(1, _UNITS, batch_first=True)
        writing = torch.nn.Linear(_UNITS, windows.shape[1] - width)
        optimizer = torch.optim.Adam([*reading.parameters(), *writing.parameters()], lr=5e-3)
        seen = torch.tensor(np.ascontiguousarray(windows), dtype=torch.float32)

        def said(given: Any) -> Any:
            _, (state, _) = reading(given.unsqueeze(-1))
            # What it adds to the newest value: to say nothing is to go on flat.
            return given[:, -1:] + writing(state[-1])

        for _ in range(_EPOCHS):
            for batch in torch.randperm(len(seen)).split(_BATCH):
                optimizer.zero_grad()
                loss = torch.nn.functional.smooth_l1_loss(said(seen[batch, :width]), seen[batch, width:])
                loss.backward()
                optimizer.step()

    def ahead(given: Floats) -> Floats:
        with torch.no_grad():
            return said(torch.tensor(given, dtype=torch.float32).unsqueeze(0))[0].numpy().astype(np.float64)

    return ahead


def _times(calendar: Calendar, columns: int) -> NDArray[np.datetime64]:
    """One time a column, whose weekday and hour are those of its slot, or so far apart where slots are no weeks."""
    slots, period = calendar.slots[:columns], calendar.period
    cycles = np.round((np.arange(columns) - (slots - slots[0])) / period).astype(np.int64)
    a_slot = _WEEK_SECONDS // period if period % 7 == 0 else 30 * 86_400
    return _MONDAY + ((cycles * period + slots) * a_slot).astype("timedelta64[s]")


def _package(name: str, how: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingPackage(f"this model needs the package {name!r}: {how}") from error
