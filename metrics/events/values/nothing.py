"""Words for nothing: what programs write where they have no value.

They are no value in every column. Words of people are another matter: a comment that says `none` or `-` says it,
and there only what databases and languages write for no value counts, letter for letter.
"""

from collections.abc import Sequence
from functools import cache
from itertools import product

import polars as pl

WORDS = (
    "null", "none", "nan", "nat", "na", "n/a", "#n/a", "#na", "<na>", "<null>", "<none>", "(null)", "(none)", "nil",
    "<nil>", "undefined", "(undefined)", "\\n", "-", "--", "---", "?", "(not set)", "not set", "(blank)", "(empty)",
    "n.a.", "n.a", "n/d", "k.a.", "not applicable", "not provided", "no value", "<no value>", "<empty>", "<unset>",
    "[null]", "[]", "{}", "\"\"", "''", "...", "…", "–", "—",
    "#ref!", "#value!", "#div/0!", "#name?", "#num!", "#null!",
)  # fmt: skip
"""Lower case; the empty text is one more."""
WRITTEN = (
    "null", "NULL", "None", "nan", "NaN", "NaT", "<NA>", "\\N", "undefined", "<null>", "(null)", "#N/A", "<nil>",
)  # fmt: skip
"""What programs write for no value, as they write it: that much is no comment."""
UNMEASURED = ("unknown", "missing", "not available")
"""Words for no number and no time; as a name each may be one."""
_AS_ITSELF = ("NA",)
"""North America: in a column of regions it is left as it is. As a group of its own it makes no figure wrong."""


def _pattern(words: Sequence[str]) -> str:
    special = r"\()?.[]{}"
    escaped = "|".join("".join(f"\\{letter}" if letter in special else letter for letter in word) for word in words)
    return rf"(?i)^\s*(?:{escaped})?\s*$"


_NOTHING, _UNMEASURED = _pattern(WORDS), _pattern((*WORDS, *UNMEASURED))


def is_nothing(text: pl.Expr) -> pl.Expr:
    """Whether a text says that there is no value. Null where there is no text."""
    return text.str.contains(_NOTHING)


def is_unmeasured(text: pl.Expr) -> pl.Expr:
    """The same of a number, a time or a yes and no."""
    return text.str.contains(_UNMEASURED)


def named(texts: pl.Series, *, is_region: bool = False) -> pl.Series:
    """Texts that name something: without padding, and null where they are words for nothing."""
    is_padded = texts.str.starts_with(" ") | texts.str.ends_with(" ")
    bare = texts.str.strip_chars() if is_padded.any() else texts
    silent = bare.is_in(_in_any_case().implode())
    if is_region:
        silent &= ~bare.is_in(_AS_ITSELF)
    return pl.select(pl.when(~silent).then(bare)).to_series().alias(texts.name) if silent.any() else bare


@cache
def _in_any_case() -> pl.Series:
    """All spellings of the words: to look a text up is cheaper than to look at its letters."""
    spellings = (
        "".join(letters) for word in ("", *WORDS) for letters in product(*({one, one.upper()} for one in word))
    )
    return pl.Series(sorted(set(spellings)))


def spoken(text: pl.Expr) -> pl.Expr:
    """Words of people: null where all they are is what a program writes for no value."""
    return pl.when(~text.str.strip_chars().is_in(WRITTEN)).then(text)
