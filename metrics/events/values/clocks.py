"""Days, and times of day, that stand in columns of their own: only together are they a moment."""

import polars as pl

CLOCK = r"(?i)^\d{1,2}:[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?\s*(?:[ap]\.?m\.?)?\s*(?:z|[-+]\d{2}:?\d{2})?$"
"""A time of day."""
_DAY = r"^\d{4}[-/.]?\d{2}[-/.]?\d{2}$|^\d{1,2}[-/.]\d{1,2}[-/.]\d{4}$"


def are_clocks(values: pl.Series) -> bool:
    """Whether all of them are times of day, and none says of which day."""
    return values.dtype == pl.Time or _are(values, CLOCK)


def are_days(values: pl.Series) -> bool:
    """Whether all of them are days, and none says a time."""
    return values.dtype == pl.Date or _are(values, _DAY)


def _are(values: pl.Series, form: str) -> bool:
    if values.dtype != pl.String:
        return False
    texts = values.drop_nulls().str.strip_chars()
    return bool(len(texts)) and bool(texts.str.contains(form).all())
