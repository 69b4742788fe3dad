"""What a column of a foreign file is seen to hold: its values, how many are there and how many differ, and their look.

    seen = Seen("who", ("a@x.com", "b@x.com", "a@x.com"))
    seen.look, seen.repeats            # "email", True

Names lie and values do not: a column `user` full of user agents is no user, a column `model` full of URLs no model.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from metrics.events.values.clocks import CLOCK
from metrics.events.values.nothing import WORDS

NOTHING = frozenset(("", *WORDS))
"""Words for no value, lower case."""
LOOKING = 0.8
"""Share of the values that must look alike."""
FEW = 100
"""Different values a column of categories has at most."""

_LOOKS: Mapping[str, re.Pattern[str]] = {
    "uuid": re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I),
    "email": re.compile(r"[^@\s/]+@[^@\s/]+\.[a-z]{2,}", re.I),
    "clock": re.compile(CLOCK),
    "ip": re.compile(r"\d{1,3}(\.\d{1,3}){3}(:\d+)?|[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}(%\w+)?|::ffff:[\d.]+", re.I),
    "url": re.compile(r"[a-z][a-z0-9+.-]*://\S+|//[\w.-]+/\S*|www\.\S+", re.I),
    "path": re.compile(r"/\S*"),
    "verb": re.compile(r"GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE", re.I),
    "number": re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?|[-+]?\d{1,3}(,\d{3})+(\.\d+)?|[-+]?\d+,\d+", re.I),
    "boolean": re.compile(r"true|false|yes|no", re.I),
    "agent": re.compile(r"(Mozilla|Opera|curl|Wget|okhttp|axios|node-fetch|undici|Java|Dalvik|Go-http-client)\b.*"
                        r"|[A-Za-z][\w.-]*/\d[\w.-]*([ ;(].*)?|.*\b(AppleWebKit|Gecko|Trident)\b.*"),
    "time": re.compile(r"\d{4}[-/.]?\d{2}[-/.]?\d{2}([T _:-].*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}([ ,T].*)?"
                       r"|\d{1,2}/[A-Za-z]{3}/\d{4}.*|[A-Z][a-z]{2},? \d{1,2} [A-Z][a-z]{2} \d{4}.*"),
    "json": re.compile(r"[\[{].*[\]}]", re.S),
    "hex": re.compile(r"(?=.*\d)[0-9a-f]{12,128}", re.I),
    "token": re.compile(r"(?=.*\d)[A-Za-z0-9_.:@=+/-]{12,200}"),
    "text": re.compile(r"\S+(\s+\S+){3,}", re.S),
}  # fmt: skip
"""How values may look; the first that fits decides. What has none of these looks is a word."""


@dataclass(frozen=True)
class Seen:
    """A column of a file, or a path into one."""

    name: str
    values: tuple[str | None, ...]
    """What some rows say, as texts; those of other columns of the file are of the same rows."""
    is_time: bool = False
    """Whether the file itself says that it holds times."""
    is_nested: bool = False
    """Whether its values are lists or objects."""
    rows: int = 0
    """Rows that were counted through; 0: those of `values`."""
    filled: int = 0
    """Of these, rows with a value."""
    distinct: int = 0
    """Different values in them."""

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The values without those that say nothing."""
        return tuple(text for text in self.values if text is not None and text.strip().lower() not in NOTHING)

    @property
    def is_empty(self) -> bool:
        """Whether no row says anything."""
        return not self.texts

    @cached_property
    def fullness(self) -> float:
        """Share of the rows with a value."""
        if self.rows:
            return self.filled / self.rows
        return len(self.texts) / max(1, len(self.values))

    @cached_property
    def counted(self) -> tuple[int, int]:
        """Values there are, and how many differ."""
        return (self.filled, self.distinct) if self.rows else (len(self.texts), len(set(self.texts)))

    @property
    def repeats(self) -> bool:
        """Whether a value comes twice."""
        filled, distinct = self.counted
        return distinct < filled

    @property
    def is_constant(self) -> bool:
        """Whether all rows say the same."""
        filled, distinct = self.counted
        return distinct == 1 and filled > 1

    @property
    def is_few(self) -> bool:
        """Whether few different values come again and again, as those of categories do."""
        filled, distinct = self.counted
        return distinct <= FEW and (distinct < filled or filled <= 10)

    @cached_property
    def look(self) -> str:
        """What most values look like: `uuid`, `email`, `url`, …; `word` where they have no look of their own."""
        if self.is_time:
            return "time"
        found = [look_of(text) for text in self.texts]
        common = max(set(found), key=found.count) if found else "word"
        share = found.count(common) / max(1, len(found))
        if share < LOOKING and {"path", "url"} & set(found):
            return "url" if found.count("path") + found.count("url") >= LOOKING * len(found) else "word"
        return common if share >= LOOKING else "word"

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """Values that are numbers."""
        return tuple(number for text in self.texts if (number := number_of(text)) is not None)

    @property
    def is_numeric(self) -> bool:
        """Whether its values are numbers."""
        return bool(self.texts) and len(self.numbers) >= LOOKING * len(self.texts)

    @cached_property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers, none of them negative."""
        return self.is_numeric and all(number >= 0 and number == int(number) for number in self.numbers)

    @cached_property
    def is_counter(self) -> bool:
        """Whether its values are the numbers of rows: each one more than the one before, from 0 or 1 on."""
        if not self.is_whole or self.repeats or len(self.numbers) < 3:
            return False
        first, last, filled = min(self.numbers), max(self.numbers), self.counted[0]
        return list(self.numbers) == sorted(self.numbers) and first <= 1 and last <= first + 1.05 * filled

    @cached_property
    def aligned(self) -> tuple[float | None, ...]:
        """Row by row the number, or nothing."""
        return tuple(None if text is None else number_of(text) for text in self.values)


def look_of(text: str) -> str:
    """What one value looks like."""
    plain = text.strip()[:400]
    return next((look for look, pattern in _LOOKS.items() if pattern.fullmatch(plain)), "word")


def number_of(text: str) -> float | None:
    """The number a text is, if it is a plain one; one with a decimal comma, or with commas between thousands, too."""
    plain = text.strip()
    if len(plain) > 40 or not _LOOKS["number"].fullmatch(plain):
        return None
    if "," in plain:
        plain = (
            plain.replace(",", "") if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", plain) else plain.replace(",", ".")
        )
    number = float(plain)
    return number if abs(number) != float("inf") else None
