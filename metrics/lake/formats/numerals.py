"""Numbers as people write them: `0,5`, `1.234,56`, `1,234.56`, decided a column over the whole file.

What a comma means is certain where one value can only be read one way (`0,5` is a half, `1,234.5` a thousand). A
column of which every value can be read both ways (`1,234`) follows the others of its file, and is left as text where
none says it: whoever reads it then asks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

_GAP = " '\u00a0\u202f\u2009"
"""What may stand between thousands beside point and comma."""
_SIGN, _POWER = r"^[-+]?", r"([eE][-+]?\d+)?"
FORMS: Mapping[str, str] = {
    "plain": _SIGN + r"\d+$",
    "decimal_comma": _SIGN
    + rf"(\d*,(\d{{1,2}}|\d{{4,}})|0,\d{{3}}|\d{{4,}},\d+|\d{{1,3}}([.{_GAP}]\d{{3}})+,\d+){_POWER}$",
    "comma": _SIGN + r"[1-9]\d{0,2},\d{3}$",
    "comma_groups": _SIGN + r"(\d{1,3}(,\d{3}){2,}(\.\d+)?|\d{1,3}(,\d{3})+\.\d+)$",
    "point_groups": _SIGN + r"\d{1,3}(\.\d{3}){2,}$",
    "point": _SIGN + r"[1-9]\d{0,2}\.\d{3}$",
    "gaps": _SIGN + rf"\d{{1,3}}([{_GAP}]\d{{3}})+$",
    "decimal_point": _SIGN + rf"(\d+\.?\d*|\.\d+){_POWER}$",
}  # fmt: skip
"""Forms of a number; the first that fits a value is its form."""
NOTHING = ("", "-", "--", "null", "none", "nan", "na", "n/a", "#n/a", "\\n", "undefined")
"""Words that are no number and no reason to take the column for text."""
_OTHER = "other"


@dataclass
class _Column:
    forms: set[str] = field(default_factory=set[str])
    is_whole: bool = True

    @property
    def is_decimal_comma(self) -> bool:
        return "decimal_comma" in self.forms

    @property
    def is_comma_groups(self) -> bool:
        return "comma_groups" in self.forms or {"comma", "decimal_point"} <= self.forms

    @property
    def contradicts(self) -> bool:
        """Whether a comma separates decimals in one value and not in another."""
        return self.is_decimal_comma and (self.is_comma_groups or "decimal_point" in self.forms)


@dataclass(frozen=True)
class Numerals:
    """How the numbers of a file are to be read, by column."""

    decimal_comma: tuple[str, ...] = ()
    decimal_point: tuple[str, ...] = ()
    """Columns whose commas (or points, where there are several in a value) only separate thousands."""
    notes: tuple[str, ...] = ()

    def read(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with those columns as numbers."""
        commas = (pl.col(name).str.replace_all(rf"[.{_GAP}]", "").str.replace(",", ".") for name in self.decimal_comma)
        points = (pl.col(name).str.replace_all(rf"[,{_GAP}]", "") for name in self.decimal_point)
        return rows.with_columns(*map(_number, commas), *map(_number, points))


def _number(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.Float64, strict=False)


def numerals_of(batches: Iterable[pl.DataFrame]) -> Numerals:
    """How the numbers of a file are written whose rows are texts; looks at all of them."""
    columns: dict[str, _Column] = {}
    texts: set[str] = set()
    for rows in batches:
        for name in rows.columns:
            if name not in texts:
                found = columns.setdefault(name, _Column())
                found.forms.update(_forms(rows[name]))
                if _OTHER in found.forms:
                    texts.add(name)
    numbers = {name: column for name, column in columns.items() if name not in texts and column.forms - {"plain"}}
    return _decided(numbers)


def _forms(values: pl.Series) -> list[str]:
    value = pl.col(values.name)
    said = pl.lit(None, pl.String)
    form: pl.Expr = pl.lit(_OTHER)
    for name, pattern in reversed(list(FORMS.items())):
        form = pl.when(value.str.contains(pattern)).then(pl.lit(name)).otherwise(form)
    form = pl.when(value.is_null() | value.str.to_lowercase().is_in(NOTHING)).then(said).otherwise(form)
    return values.to_frame().select(form.unique().drop_nulls()).to_series().to_list()


def _decided(numbers: Mapping[str, _Column]) -> Numerals:
    certain = [column for column in numbers.values() if not column.contradicts]
    commas_are_decimal = any(column.is_decimal_comma for column in certain)
    commas_are_groups = any(column.is_comma_groups for column in certain)
    points_are_decimal = any("decimal_point" in column.forms for column in numbers.values())
    comma: list[str] = []
    point: list[str] = []
    open_: list[str] = []
    for name, column in numbers.items():
        if column.contradicts:
            open_.append(name)
        elif column.is_decimal_comma:
            comma.append(name)
        elif column.is_comma_groups:
            point.append(name)
        elif "comma" in column.forms:
            follows = comma if commas_are_decimal else point if commas_are_groups else open_
            (open_ if commas_are_decimal and commas_are_groups else follows).append(name)
        elif commas_are_decimal and column.forms.isdisjoint({"decimal_point"}):
            (open_ if points_are_decimal else comma).append(name)
    return Numerals(tuple(comma), tuple(point), tuple(_notes(comma, point, open_)))


def _notes(comma: list[str], point: list[str], open_: list[str]) -> Iterable[str]:
    if comma:
        yield f"read with a decimal comma (0,5 is a half, 1.234 a thousand and more): {', '.join(comma)}"
    if point:
        yield f"read with commas between thousands (1,234 is a thousand and more): {', '.join(point)}"
    if open_:
        yield f"left as they are, since a comma or point in them can mean decimals or thousands: {', '.join(open_)}"
