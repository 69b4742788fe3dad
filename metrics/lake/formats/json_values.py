"""One line of JSON as values, and JSON objects as a frame. Integers of any size stay exact, NaN is nothing."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, cast

import orjson
import polars as pl

from metrics.lake.formats.text import shown_bytes

EXACT = 2**53
"""Beyond this a float no longer tells one whole number from the next."""
_DIGITS = bytes.maketrans(b"123456789,[ -\t\n\r", b"000000000:::::::")
_LONG = b":" + b"0" * 20
"""The first digits of a long integer, once all digits are zeros and all that may stand before one is a colon."""
_SPACE = re.compile(r"[\s,\x1e\ufeff]*")
_CONSTANTS: Mapping[str, float | None] = {"NaN": None, "Infinity": float("inf"), "-Infinity": float("-inf")}
_NEARLY = 16
"""Characters before the end of a text: an error there may come of what is not there yet."""
_WRAPPED = ("$date", "$oid", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal")
"""Keys by which MongoDB's exports say the type of a value."""


class NotJson(Exception):
    """A text that is no JSON value; says what is wrong with it."""

    def __init__(
        self, reason: str, place: int | None = None, *, may_go_on: bool = False, end: int | None = None
    ) -> None:
        super().__init__(reason)
        self.end = end
        """Where the text goes on, if that is known."""
        self.place = place
        """Where it goes wrong, if that is known."""
        self.may_go_on = may_go_on
        """Whether more text may make a value of it."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        first: dict[str, Any] = {}
        for key, value in pairs:
            if first.setdefault(key, value) != value:
                raise NotJson(f"the key {key!r} comes twice, with different values")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=lambda name: _CONSTANTS[name])
"""Reads what Python and pandas write, too: NaN is nothing, Infinity a number that no column takes."""
_PLAIN_DECODER = json.JSONDecoder()


def values_of(line: str | bytes) -> list[Any]:
    """The JSON values of a line: one, or several without anything between them.

    Raises:
        NotJson: it is none.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _exactly(line)
    if isinstance(value, dict):
        return [value] if not _may_differ(line, cast("dict[str, Any]", value)) else _exactly(line)
    return [value]


def holds_long_digits(text: str | bytes) -> bool:
    """Whether there may be an integer of 20 digits or more, which the fast reader rounds."""
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogatepass")
    return _LONG in text.translate(_DIGITS)


def _may_differ(line: str | bytes, value: dict[str, Any]) -> bool:
    """Whether the fast reader may have rounded a number or passed over a repeated key."""
    keys = line.count(b'":') if isinstance(line, bytes) else line.count('":')
    return holds_long_digits(line) or _may_repeat(keys, value)


def plain_object(line: bytes) -> dict[str, Any] | None:
    """The object of a line without long numbers, where nothing about it is out of the ordinary."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return value if type(value) is dict and not _may_repeat(line.count(b'":'), value) else None


def _may_repeat(keys: int, value: dict[str, Any]) -> bool:
    """Whether a text with so many keys says one twice."""
    return keys != len(value) and keys != _keys(value)


def _keys(value: Any) -> int:
    """How many keys a value has, with those within it and what looks like one in its texts."""
    kind = type(value)
    keys = len(value) if kind is dict else 0
    for one in value.values() if kind is dict else value:
        held = type(one)
        if held is str:
            keys += one.count('":') + one.startswith(":")
        elif held is dict or held is list:
            keys += _keys(one)
    return keys


def _exactly(line: str | bytes) -> list[Any]:
    text = line.decode("utf-8", "surrogateescape") if isinstance(line, bytes) else line
    reason = shown_bytes(text)
    if reason:
        raise NotJson(reason)
    found: list[Any] = []
    at = _blank(text, 0)
    while at < len(text):
        value, at = value_at(text, at)
        found.append(value)
        at = _blank(text, at)
    return found


def _blank(text: str, at: int) -> int:
    """Where the next value begins: after what may stand between two of them."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def value_at(text: str, at: int) -> tuple[Any, int]:
    """The JSON value that begins at a place, and where it ends.

    Raises:
        json.JSONDecodeError, NotJson: there is none.
    """
    try:
        value, end = _DECODER.raw_decode(text, at)
    except NotJson as error:
        raise NotJson(str(error), end=_PLAIN_DECODER.raw_decode(text, at)[1]) from error
    except json.JSONDecodeError as error:
        may_go_on = error.pos + _NEARLY >= len(text) or error.msg.startswith("Unterminated string")
        is_cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        said = f"{error.msg.lower().removesuffix(' starting at')} at character {error.pos - at + 1}" + (
            " (cut off?)" if is_cut else ""
        )
        raise NotJson(said, error.pos, may_go_on=may_go_on) from error
    except RecursionError as error:
        raise NotJson("it is nested too deeply") from error
    except ValueError as error:
        raise NotJson(str(error).split(";")[0]) from error
    if r"\ud" in text[at:end].lower() and _is_broken(value):
        raise NotJson("a text in it holds half a character (a lone surrogate)", end=end)
    return value, end


def _is_broken(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def frame_of(objects: list[dict[str, Any]]) -> pl.DataFrame:
    """JSON objects as a frame: a column a key; nested values as JSON text, values of several types as text."""
    return pl.DataFrame({name: _column(name, values) for name, values in _by_key(objects)})


def _by_key(objects: list[dict[str, Any]]) -> Iterable[tuple[str, Sequence[Any]]]:
    """What the objects say, key by key."""
    first = tuple(objects[0]) if objects else ()
    # A program writes all lines alike: then the columns are there at once, in a fifth of the time.
    if len(first) > 1 and set(map(len, objects)) == {len(first)}:
        try:
            return zip(first, zip(*map(itemgetter(*first), objects), strict=True), strict=True)
        except KeyError:  # as many keys, but others
            pass
    # Of events of several kinds each has few of the columns: only what is said is looked at.
    columns: dict[str, list[Any]] = {}
    for row, item in enumerate(objects):
        for name, value in item.items():
            if name not in columns:
                columns[name] = [None] * len(objects)
            columns[name][row] = value
    return columns.items()


def _column(name: str, values: Sequence[Any]) -> pl.Series:
    types = set(map(type, values))
    types.discard(type(None))
    if dict in types:
        values = [_unwrapped(value) if isinstance(value, dict) else value for value in values]
        types = {type(value) for value in values if value is not None}
    if types == {str}:
        return pl.Series(name, values, pl.String)
    if types == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        return pl.Series(name, values, pl.Int64)
    if types == {float} or (types == {int, float} and all(_is_exact(value) for value in values)):
        return pl.Series(name, values, pl.Float64, strict=False)
    if types == {bool}:
        return pl.Series(name, values, pl.Boolean)
    return pl.Series(name, [as_text(value) for value in values], pl.String)


def _is_exact(value: int | float | None) -> bool:
    return not isinstance(value, int) or -EXACT <= value <= EXACT


def _unwrapped(value: dict[str, Any]) -> Any:
    """What `{"$date": …}` says."""
    if len(value) == 1:
        key, inner = next(iter(value.items()))
        if key in _WRAPPED:
            return _unwrapped(cast("dict[str, Any]", inner)) if isinstance(inner, dict) else inner
    return value


def as_text(value: Any) -> str | None:
    """A value as text, whole numbers as such: 17, 17.0 and "17" say the same."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) <= EXACT else repr(value)
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # an integer of more than 64 bits, or too deep
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
