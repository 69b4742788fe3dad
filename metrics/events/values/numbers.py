"""Numbers as people and programs write them: `1e3`, `12 %`, `$0.0123`, `1,234.56`, `1.234,56`.

What a comma or a point means is not guessed from one number: `1,234` may be a thousand or one and a bit. It is read
where the number itself leaves no choice, where a rule says `decimal`, or where the whole file tells
(`metrics.events.survey.decimals`). Money in another currency than ours is no number.
"""

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.schema import Column

_EXACT = 2**53
"""Up to here every whole number is a float of its own."""
_DOLLARS = r"(?i)^(?:usd|us\$|\$)\s*|\s*(?:usd|us\$|\$|us dollars?)$"
_GROUP_SPACES = r"(\d)[   '’_](\d{3})"
_HTTP_STATUS = r"(?i)^(?:http(?:/[\d.]+)?[ _:]*)?([1-5]\d\d)(?:[ :,-]+\p{L}.*)?$"
"""As servers write it in words: `503 Service Unavailable`, `HTTP/1.1 200 OK`."""
AMBIGUOUS = r"^[-+]?[1-9]\d{0,2}[.,]\d{3}$"
"""A thousand and more, or one and a bit."""


def _certain(decimal: str, thousands: str) -> str:
    """How a number looks of which it is certain what stands before its decimals."""
    shapes = (
        rf"\d{{1,3}}(?:{thousands}\d{{3}})+{decimal}\d+",
        rf"\d{{1,3}}(?:{thousands}\d{{3}}){{2,}}",
        rf"\d{{4,}}{decimal}\d+",
        rf"\d*{decimal}(?:\d{{1,2}}|\d{{4,}})(?:[eE][-+]?\d+)?",
        rf"0?{decimal}\d+",
    )
    return rf"^[-+]?(?:{'|'.join(shapes)})$"


CERTAIN_POINT, CERTAIN_COMMA = _certain(r"\.", ","), _certain(",", r"\.")


def number(value: pl.Expr, column: Column, dtype: pl.DataType, rule: Source) -> pl.Expr:
    """A number of the column's type."""
    if dtype == pl.String:
        read = _read(value, column, rule)
    elif dtype == pl.Boolean:
        read = pl.lit(None, column.dtype)
    else:
        read = _of_type(value, column, dtype)
    return pl.when(read != 0).then(read) if rule.zero_is_null else read


def _of_type(value: pl.Expr, column: Column, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_float():
        known = value.fill_nan(None)
        return _whole(known.cast(pl.Float64), column) if column.dtype.is_integer() else known.cast(column.dtype)
    if dtype.is_decimal() and column.dtype.is_integer():
        whole = value.cast(pl.Int64, strict=False)
        return pl.when(whole.cast(pl.Float64) == value.cast(pl.Float64)).then(whole)
    return value.cast(column.dtype, strict=False)


def _whole(value: pl.Expr, column: Column) -> pl.Expr:
    """A float as an integer, where it is one exactly."""
    return pl.when((value.round() == value) & (value.abs() < _EXACT)).then(value).cast(column.dtype, strict=False)


def _read(value: pl.Expr, column: Column, rule: Source) -> pl.Expr:
    return value.map_batches(
        lambda texts: _numbers(texts, column, rule), return_dtype=column.dtype, is_elementwise=True
    )


def _numbers(texts: pl.Series, column: Column, rule: Source) -> pl.Series:
    """What texts say: first as programs write numbers; what is left, as people do."""
    text = pl.col("text")
    rows = texts.alias("text").to_frame()
    if rule.decimal != "comma":
        plain = rows.select(_parsed(text.str.strip_chars(), column)).to_series()
        if plain.null_count() == texts.null_count():
            return plain
        left = plain.is_null() & texts.is_not_null()
        read = rows.filter(left).select(_parsed(bare(text, column).pipe(_with_point, rule), column)).to_series()
        return _filled(plain, left, read)
    return rows.select(_parsed(bare(text, column).pipe(_with_point, rule), column)).to_series()


def _filled(values: pl.Series, left: pl.Series, read: pl.Series) -> pl.Series:
    """`values` with `read` in those places that are `left`, in order."""
    if read.null_count() == len(read):
        return values
    place = (left.cast(pl.Int64).cum_sum() - 1).clip(lower_bound=0)
    return pl.select(pl.when(left).then(read.gather(place)).otherwise(values)).to_series()


def _parsed(text: pl.Expr, column: Column) -> pl.Expr:
    value = text.cast(pl.Float64, strict=False).fill_nan(None)
    if column.dtype.is_integer():
        return pl.coalesce(text.cast(pl.Int64, strict=False), _whole(value, column))
    return value


def bare(text: pl.Expr, column: Column) -> pl.Expr:
    """The digits and what stands between them: without spaces, the sign of our currency, a percent sign."""
    digits = text.str.strip_chars().str.replace(r"^[−–]", "-")
    digits = digits.str.replace(r"^\((.+)\)$", "-${1}") if column.unit == "USD" else digits
    if column.unit == "USD":
        digits = digits.str.replace(r"^-\s*", "-").str.replace(r"^-(?:\$|USD)\s*", "-").str.replace_all(_DOLLARS, "")
    if column.unit == "%":
        digits = digits.str.replace(r"\s*%$", "")
    elif column.unit in ("B", "MB", "GB", "ms", "tokens", "characters"):
        digits = digits.str.replace(rf"(?i)\s*{column.unit}$", "")
    if column.name == "status_code":
        digits = digits.str.replace(_HTTP_STATUS, "${1}")
    # Twice: groups of three share their neighbors' digits.
    return digits.str.replace_all(_GROUP_SPACES, "${1}${2}").str.replace_all(_GROUP_SPACES, "${1}${2}")


def _with_point(digits: pl.Expr, rule: Source) -> pl.Expr:
    """The same number with a point before its decimals and nothing between its thousands; null where that is open."""
    with_comma = digits.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    without = digits.str.replace_all(",", "", literal=True)
    if rule.decimal == "comma":
        well_formed = digits.str.contains(r"^[-+]?(?:\d+|\d{1,3}(?:\.\d{3})+)?(?:,\d*)?(?:[eE][-+]?\d+)?$")
        return pl.when(well_formed).then(with_comma)
    if rule.decimal == "point":
        well_formed = digits.str.contains(r"^[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d*)?(?:[eE][-+]?\d+)?$")
        return pl.when(well_formed).then(without)
    return (
        pl.when(~digits.str.contains(",", literal=True) & ~digits.str.contains(r"\..*\."))
        .then(digits)
        .when(digits.str.contains(CERTAIN_POINT))
        .then(without)
        .when(digits.str.contains(CERTAIN_COMMA))
        .then(with_comma)
    )


def boolean(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Yes or no; numbers other than 0 and 1 are neither."""
    if dtype == pl.Boolean:
        return value
    if dtype == pl.String:
        text = value.str.strip_chars().str.to_lowercase()
        yes, no = (
            text.is_in(["true", "1", "yes", "t", "y", "on", "1.0", "hit"]),
            text.is_in(["false", "0", "no", "f", "n", "off", "0.0", "miss"]),
        )
    else:
        as_number = value.cast(pl.Float64, strict=False)
        yes, no = as_number == 1, as_number == 0
    return pl.when(yes).then(True).when(no).then(False)


def expected(column: Column, texts: pl.Expr) -> pl.Expr:
    """What should have stood there, for a text that is no such number."""
    what = "a whole number" if column.dtype.is_integer() else "a number"
    said = pl.when(bare(texts, column).str.contains(AMBIGUOUS)).then(
        pl.lit(f"{what} of which it is clear whether the comma stands before thousands or decimals: say "
               f"`{column.name}: {{decimal: comma}}` or `point`")
    )  # fmt: skip
    if column.unit == "USD":
        foreign = texts.str.contains(r"[€£¥₹₽₩]|(?i:\b[A-Z]{3}\b)") & ~texts.str.contains(r"(?i)usd|us\$")
        said = said.when(foreign).then(
            pl.lit(f"{what} of US dollars; give the rate as `{column.name}: {{factor: 1.08}}`, without the currency")
        )
    return said.otherwise(pl.lit(what))
