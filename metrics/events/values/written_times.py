"""Times as texts of any form: a date in one of a few shapes, a time of day, a zone; each read by itself.

Such as `2026-05-01 10:00:00,123`, `20260501T100000Z`, `Fri, 01 May 2026 10:00 GMT`, `May 1, 2026 10:00 AM`,
`01-May-2026`, `Fri May  1 10:00:00 UTC 2026`, `01.05.2026 10:00`, `5/1/2026 1:05 PM`, `2026-W18-5`, `2026-05-01 24:00`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.schema import TIMESTAMP
from metrics.events.values.zones import in_utc, offset
from metrics.zones import KNOWN

MONTHS: Mapping[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier ene enero", "feb february februar fev février feb febrero",
            "mar march märz mär mrz mars marzo", "apr april avr avril abr abril", "may mai mayo",
            "jun june juni juin junio",
            "jul july juli juillet julio", "aug august août aout ago agosto",
            "sep sept september septembre septiembre", "oct october oktober okt octobre octubre",
            "nov november novembre noviembre", "dec december dezember dez déc décembre dic diciembre",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
"""Months by the names they have in logs and office programs."""
_CLOCK = (
    r"(?P<hour>\d{1,2})(?::?(?P<minute>[0-5]\d)(?::?(?P<second>[0-6]\d)(?:[.,:](?P<fraction>\d{1,12}))?)?)?"
    r"\s*(?P<half>(?i:[ap]\.?m\.?))?(?:\s*(?i:Uhr))?"
)
_ZONE = r"\s*(?P<zone>Z|[-+]\d{1,2}(?::?\d{2})?|(?:UTC|GMT|UT)(?:[-+]\d{1,2}(?::?\d{2})?)?|[A-Za-z]{1,5})"
_REST = r"(?:\s*UTC|\s*\[(?P<place>[\w/+:-]+)\]|\s*\((?P<beside>[^)]*)\))?"
_TIME = rf"(?:{_CLOCK}(?:{_ZONE})?{_REST})"
_BETWEEN = r"(?:(?:\s+|,\s*)(?:at\s+)?|[Tt_:]|\s*[-–@]\s*)"
_WEEKDAY = r"(?:\p{L}{2,10}\.?,?\s+)?"
ORDERED = r"^\s*(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4}|\d{2})(?:\D|$)"
"""A date of which only the file tells what comes first."""
_WRITTEN_OUT: Mapping[str, str] = {
    r"^(\d{4})[年년]\s*(\d{1,2})[月월]\s*(\d{1,2})[日일]": "${1}-${2}-${3}",
    r"^(\d{1,2}) de (\p{L}{3,10}) del? ": "${1} ${2} ",
    r"(?i)(\s\d{1,2})\.([0-5]\d)\.([0-5]\d(?:[.,]\d+)?)(\s|$)": "${1}:${2}:${3}${4}",
}
"""What languages and databases put around the numbers of a time, and the same time without it."""


@dataclass(frozen=True)
class _Shape:
    """One shape of a date, as a regular expression over the whole text."""

    date: str
    is_mail: bool = False

    @property
    def pattern(self) -> str:
        """With what may follow."""
        return rf"^{self.date}(?:{_BETWEEN}{_TIME})?$"


_SHORT = r"(?P<short>\d{2})"
_YEAR, _MONTH, _DAY, _NAME = r"(?P<year>\d{4})", r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})", r"(?P<name>\p{L}{3,10})\.?"
_SHAPES = (
    _Shape(rf"{_YEAR}[-/.]{_MONTH}[-/.]{_DAY}"),
    _Shape(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"),
    _Shape(rf"{_WEEKDAY}{_DAY}(?:st|nd|rd|th|\.)?[ /-]{_NAME},?[ /-]{_YEAR}", is_mail=True),
    _Shape(rf"{_WEEKDAY}{_NAME}[ -]{_DAY}(?:st|nd|rd|th)?(?:,|\s|-)\s*{_YEAR}"),
    _Shape(rf"{_YEAR}[ /-]{_NAME}[ /-]{_DAY}"),
    _Shape(rf"{_WEEKDAY}{_DAY}[ /-]{_NAME}[ /-]{_SHORT}", is_mail=True),
    _Shape(r"(?P<year>\d{4})-?W(?P<week>\d{2})(?:-?(?P<weekday>[1-7]))?"),
    _Shape(r"(?P<year>\d{4})-(?P<ordinal>\d{3})"),
)
_YEAR_LAST = rf"^{_WEEKDAY}{_NAME}\s+{_DAY}\s+{_CLOCK}(?:{_ZONE})?\s+{_YEAR}$"
"""As C and `date` write it: `Fri May  1 10:00:00 UTC 2026`."""
_DATE_LAST = rf"^{_CLOCK}\s*,?\s+{_DAY}[.]{_MONTH}[.]{_YEAR}$"
_CENTURY = pl.lit("20")
"""Of years of two digits: earlier than 2000 there were no such events, and later than 2099 there are none yet."""
_WORDS = ("name", "half", "zone", "place", "beside")
_PARTS = ("year", "short", "month", "day", "name", "week", "weekday", "ordinal", "hour", "minute", "second",
          "fraction", "half", "zone", "place", "beside")  # fmt: skip


def read(texts: pl.Series, rule: Source) -> pl.Series:
    """Moments in UTC; null where a text is no time, or where what it means is open."""
    rows = texts.alias("text").to_frame().with_row_index("row").with_columns(pl.col("text").str.strip_chars())
    found, rows = _found(rows.filter(pl.col("text").str.len_bytes() > 5), rule)
    if rows.height:
        found += _found(rows.with_columns(_bare(pl.col("text"))), rule)[0]
    nothing = pl.Series(texts.name, [None], TIMESTAMP).new_from_index(0, len(texts))
    if not found:
        return nothing
    told = pl.concat(found).sort("row")
    place = pl.DataFrame({"row": pl.int_range(len(texts), dtype=pl.get_index_type(), eager=True)})
    return place.join(told, on="row", how="left", maintain_order="left")["moment"].alias(texts.name)


def _found(rows: pl.DataFrame, rule: Source) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Moments by row, and the rows of no shape."""
    found: list[pl.DataFrame] = []
    for pattern, is_mail in _patterns(rule):
        if rows.is_empty():
            break
        fits = rows["text"].str.contains(pattern)
        if fits.any():
            own = rows.filter(fits)
            found.append(own.select("row", _moments(own["text"], pattern, rule, is_mail=is_mail).alias("moment")))
            rows = rows.filter(~fits.fill_null(True))
    return found, rows


def _bare(text: pl.Expr) -> pl.Expr:
    """A time without what languages and databases put around its numbers."""
    for written, plain in _WRITTEN_OUT.items():
        text = text.str.replace(written, plain)
    return text


def _patterns(rule: Source) -> list[tuple[str, bool]]:
    """What is tried in turn; where the order of a date is open, as the rule says, or for points as is the custom."""
    patterns = [(shape.pattern, shape.is_mail) for shape in _SHAPES]
    patterns.extend((_Shape(_WEEKDAY + date).pattern, False) for date in _dates(rule))
    return [*patterns, (_YEAR_LAST, False), (_DATE_LAST, False)]


def _dates(rule: Source) -> list[str]:
    """Dates of three numbers, the year last and of four digits or of two; of two, it may be said to come first."""
    if rule.order == "year_first":
        return [rf"{_SHORT}[/.-]{_MONTH}[/.-]{_DAY}"]
    first, then = (_MONTH, _DAY) if rule.order == "month_first" else (_DAY, _MONTH)
    points = (r"\.", r"\.")
    if rule.order is None:
        return [f"{first}{points[0]}{then}{points[1]}{_YEAR}"]
    separators = ((r"[/-]", r"[/.-]"), points)
    return [f"{first}{one}{then}{other}{year}" for one, other in separators for year in (_YEAR, _SHORT)]


def _moments(texts: pl.Series, pattern: str, rule: Source, *, is_mail: bool) -> pl.Series:
    """Texts that all have the shape of `pattern`."""
    groups = (
        texts.alias("text").to_frame().select(pl.col("text").str.extract_groups(pattern).alias("said")).unnest("said")
    )
    missing = [pl.lit(None, pl.String).alias(name) for name in _PARTS if name not in groups.columns]
    said = groups.with_columns(missing).with_columns(pl.coalesce("zone", "beside").alias("zone"))
    local, zone = _local(), _zone(rule, is_mail=is_mail)
    known = pl.col("zone").is_null() | zone.is_not_null()
    there = in_utc(pl.col("local"), rule.zone or "UTC")
    # A zone in brackets that no offset stands before is that of the time.
    places = [name for name in said["place"].drop_nulls().unique() if name in KNOWN]
    placed = [pl.when(pl.col("place") == name).then(in_utc(pl.col("local"), name)) for name in places]
    at_offset = (pl.col("local") - pl.duration(minutes=pl.col("offset"))).dt.replace_time_zone("UTC")
    # An abbreviation that means several zones is that of the zone that the rule says.
    own = pl.lit(rule.zone is not None) & pl.col("zone").str.contains(r"^\p{L}+$")
    return (
        said.with_columns(local.alias("local"), zone.alias("offset"), known.alias("known"))
        .select(
            pl.when(pl.col("zone").is_null() & pl.col("place").is_not_null())
            .then(pl.coalesce(pl.lit(None, TIMESTAMP), *placed))
            .when(pl.col("offset").is_not_null()).then(at_offset)
            .when(pl.col("known") | own).then(there).alias("moment")
        ).to_series()
    )  # fmt: skip


def _zone(rule: Source, *, is_mail: bool) -> pl.Expr:
    return offset(pl.col("zone"), is_mail=is_mail and rule.zone is None)


def _local() -> pl.Expr:
    """Date and time of day; 24:00 is the next midnight, a leap second the one before it and one more."""
    number = {name: pl.col(name).cast(pl.Int32, strict=False) for name in _PARTS if name not in _WORDS}
    month = pl.coalesce(
        number["month"],
        pl.col("name").str.to_lowercase().replace_strict(
            list(MONTHS), list(MONTHS.values()), default=None, return_dtype=pl.Int32
        ),
    )  # fmt: skip
    year = pl.coalesce("year", _CENTURY + pl.col("short"))
    date = pl.format("{}-{}-{}", year, month.cast(pl.String).str.zfill(2), pl.col("day").str.zfill(2)).str.to_date(
        "%Y-%m-%d", strict=False
    )
    week = pl.format("{}-W{}-{}", "year", "week", pl.col("weekday").fill_null("1")).str.to_date(
        "%G-W%V-%u", strict=False
    )
    ordinal = pl.format("{}-{}", "year", "ordinal").str.to_date("%Y-%j", strict=False)
    half = pl.col("half").str.to_lowercase().str.head(1)
    hour = number["hour"].fill_null(0)
    of_day = pl.when(half.is_null()).then(hour).when(hour.is_between(1, 12)).then(hour % 12 + 12 * (half == "p"))
    minute, second = number["minute"].fill_null(0), number["second"].fill_null(0)
    is_midnight = (of_day == 24) & (minute == 0) & (second == 0)
    micros = pl.col("fraction").str.pad_end(6, "0").str.head(6).cast(pl.Int64, strict=False).fill_null(0)
    since = pl.duration(hours=of_day, minutes=minute, seconds=second, microseconds=micros)
    fits = ((of_day < 24) | is_midnight) & (second <= 60)
    return pl.when(fits).then(pl.coalesce(date, week, ordinal).cast(pl.Datetime("us")) + since)


def with_zone_named(text: pl.Expr, form: str, rule: Source) -> pl.Expr:
    """Times of a `format` that ends with `%Z`."""
    parts = text.str.extract_groups(r"^(.*\S)\s+([A-Za-z]+)$")
    local = parts.struct.field("1").str.to_datetime(form, strict=False, time_unit="us")
    minutes = offset(parts.struct.field("2"))
    at_offset = (local - pl.duration(minutes=minutes)).dt.replace_time_zone("UTC")
    return pl.when(minutes.is_not_null()).then(at_offset).otherwise(in_utc(local, rule.zone) if rule.zone else None)
