"""Which rows of an unknown file are events of a kind, and how many events a row is.

A table of spans holds agents and tools beside calls, and a usage report a row a day: whoever counts rows counts
wrongly. What says so is a column with few different values, a count beside the sums, or vitals side by side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from metrics.events.proposing.looks import Seen
from metrics.events.proposing.naming import plain, words_of
from metrics.events.recognition.certainty import AROUND

_INFERENCE = frozenset(
    [
        "llm",
        "chat",
        "generation",
        "completion",
        "completions",
        "text_completion",
        "embedding",
        "embeddings",
        "chat_model",
        "chatmodel",
        "inference",
        "generate_content",
        "llm_call",
        "llmcall",
        "model",
        "model_call",
        "message_send",
        "ai_generation",
        "ai_embedding",
        "chat_completion",
        "responses",
        "text_generation",
        "image_generation",
        "acompletion",
        "aembedding",
        "generate",
    ]
)
_WRAPPERS = AROUND | frozenset(("event", "unknown", "http", "db", "internal", "server", "client", "request"))
"""Words for rows that are no calls where others beside them are."""
_VIEWS = frozenset(
    [
        "pageview",
        "pageviewed",
        "viewedpage",
        "viewpage",
        "screenview",
        "screen",
        "page",
        "view",
        "viewed",
        "visit",
        "pagevisit",
        "pageload",
        "pageimpression",
    ]
)
"""Names of events that are the view of a page, as letters alone."""
_ACTS = frozenset(
    [
        "click",
        "clicked",
        "submit",
        "submitted",
        "login",
        "logout",
        "signup",
        "sign_up",
        "purchase",
        "add_to_cart",
        "scroll",
        "search",
        "session_start",
        "first_visit",
        "user_engagement",
        "form_submit",
        "open",
        "close",
        "download",
        "share",
        "start",
        "select",
        "tap",
        "change",
        "play",
        "pause",
        "checkout",
    ]
)
_TYPES = frozenset(["type", "kind", "event", "name", "operation", "category", "action", "class", "op", "method"])
"""Words of columns that say what a row is."""
_COUNTED = frozenset(
    [
        "requests",
        "request",
        "calls",
        "call",
        "invocations",
        "events",
        "queries",
        "generations",
        "hits",
        "runs",
        "completions",
        "api",
        "llm",
        "model",
    ]
)
_COUNTS_ALONE = frozenset(("count", "n", "requests", "calls", "invocations", "hits"))
_COUNTING = frozenset(["num", "number", "count", "counts", "n", "total", "no", "nr", "amount", "qty"])
_PARENTS = frozenset(["parentid", "parentspanid", "parentrunid", "parentobservationid", "parent"])
_VITALS: Mapping[str, frozenset[str]] = {
    "lcp": frozenset(("lcp", "largestcontentfulpaint")),
    "inp": frozenset(("inp", "interactiontonextpaint")),
    "fid": frozenset(("fid", "firstinputdelay")),
    "cls": frozenset(("cls", "cumulativelayoutshift")),
    "fcp": frozenset(("fcp", "firstcontentfulpaint")),
    "ttfb": frozenset(("ttfb", "timetofirstbyte")),
}
_PERCENTILES = frozenset(["p50", "p75", "p90", "p95", "p99", "avg", "mean", "median", "average"])
_DAY_MS = 86_400_000.0


@dataclass(frozen=True)
class Rows:
    """Which rows are events, and how many events each stands for: in the words of a mapping's part."""

    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    present: tuple[str, ...] = ()
    count: str | None = None
    check: str = ""
    """What a person should look at."""

    @property
    def is_all(self) -> bool:
        """Whether every row is an event."""
        return not (self.when or self.unless or self.present)


def calls_among(
    columns: Sequence[Seen], tokens: Mapping[str, Sequence[bool]], model: Mapping[str, Sequence[bool]]
) -> Rows:
    """Which rows are calls of a model, by the columns that only calls fill: for each, in which rows it is filled."""
    typed = [one for one in columns if one.is_few and one.look in ("word", "token") and words_of(one.name) & _TYPES]
    counted = _any_of(tokens)
    told = [(covered, column, calls) for column in typed if (calls := _calls_named(column))
            if (covered := _covered(column, calls, counted)) >= _COVERED]  # fmt: skip
    if told:
        covered, column, calls = max(told, key=lambda one: one[0])
        check = f"{covered:.0%} of the rows with tokens are calls by {column.name}: do the others repeat their tokens?"
        return Rows(when={column.name: calls}, check=check if covered < _HALF else "")
    telling = {**tokens, **model}
    for filled in (counted, _any_of(telling)):
        if filled and not all(filled):
            for column in typed:
                separated = _separated(column, filled)
                if separated:
                    return Rows(when={column.name: separated})
    filled = _any_of(telling)
    share = sum(filled) / max(1, len(filled))
    if 0 < share < 0.5:
        said = " or ".join(telling)
        check = f"only rows with {said} are taken for calls, {share:.0%} of them; calls that failed may lack them"
        return Rows(present=tuple(telling), check=check)
    return _all_of(columns, tokens)


_COVERED = 0.1
"""Share of the rows with tokens that must be calls by their type: all those above them may repeat their tokens."""
_HALF = 0.5


def _any_of(telling: Mapping[str, Sequence[bool]]) -> list[bool]:
    return [any(row) for row in zip(*telling.values(), strict=True)]


def _calls_named(column: Seen) -> tuple[str, ...]:
    """The values of a column that mean a call, where others mean something else."""
    said = dict.fromkeys(column.texts)
    calls = tuple(text for text in said if _is_inference(text))
    return calls if calls and len(calls) < len(said) and any(_is_wrapper(text) for text in said) else ()


def _covered(column: Seen, calls: Sequence[str], counted: Sequence[bool]) -> float:
    rows = (
        [text in calls for text, is_filled in zip(column.values, counted, strict=True) if is_filled] if counted else []
    )
    return sum(rows) / len(rows) if rows else 1.0


def is_of_calls(text: str) -> bool:
    """Whether the name of an event is that of a call of a model, or of what stands around one."""
    return _is_inference(text) or _word(text).startswith(("ai_", "ai.", "llm"))


def _all_of(columns: Sequence[Seen], telling: Mapping[str, Sequence[bool]]) -> Rows:
    """All rows; where some stand below others, these may say the tokens of their children once more."""
    parent = next((one for one in columns if plain(one.name.rpartition(".")[2]) in _PARENTS and not one.is_empty), None)
    if parent is None or not telling:
        return Rows()
    return Rows(check=f"rows stand below one another ({parent.name}): do those above repeat the tokens of those below?")


def _separated(column: Seen, filled: Sequence[bool]) -> tuple[str, ...]:
    """Values whose rows are filled, where those of all others are empty."""
    rows: dict[str, list[bool]] = {}
    for text, is_filled in zip(column.values, filled, strict=True):
        if text is not None and text.strip():
            rows.setdefault(text, []).append(is_filled)
    shares = {text: sum(said) / len(said) for text, said in rows.items()}
    clear = all(share >= 0.5 or share <= 0.02 for share in shares.values())
    calls = tuple(text for text, share in shares.items() if share >= 0.5)
    return calls if clear and 0 < len(calls) < len(shares) else ()


def _word(text: str) -> str:
    return text.strip().lower().lstrip("$").replace(" ", "_").replace("-", "_")


def _is_inference(text: str) -> bool:
    word = _word(text)
    if word.startswith("ai.") and "." in word[3:]:  # Vercel's `ai.generateText.doGenerate`
        return word.rpartition(".")[2].startswith("do")
    return word in _INFERENCE or word.rpartition(".")[2] in _INFERENCE


def _is_wrapper(text: str) -> bool:
    word = _word(text)
    if word.startswith("ai."):
        return not _is_inference(text)
    return word in _WRAPPERS or word.rpartition(".")[2] in _WRAPPERS


def is_event_name(column: Seen) -> bool:
    """Whether a column names what happened: `event`, `event_name`, `event_type`, `action`."""
    words = words_of(column.name.rpartition(".")[2])
    named = bool(words & {"event", "action", "activity"}) and not words & {
        "id",
        "time",
        "timestamp",
        "date",
        "count",
        "ts",
    }
    return named and column.look in ("word", "token", "text") and column.counted[1] <= 200


def views_in(column: Seen) -> tuple[str, ...]:
    """The names of events that mean a page view."""
    return tuple(text for text in dict.fromkeys(column.texts) if plain(text) in _VIEWS)


def says_acts(column: Seen) -> bool:
    """Whether a column of event names says what was done, and not only on which page."""
    texts = column.texts
    if any(plain(text) in _VIEWS for text in dict.fromkeys(texts)):
        return True
    return sum(bool({_word(text), *_word(text).split("_")} & _ACTS) for text in texts) >= 0.3 * len(texts)


def buckets(begun: Sequence[datetime | None], ended: Sequence[datetime | None]) -> str:
    """`day`, `hour`, … where every row is as long as every other: such rows are sums over it."""
    lengths = [
        (end - begin).total_seconds()
        for begin, end in zip(begun, ended, strict=True)
        if begin is not None and end is not None
    ]
    if len(lengths) < 2 or len(set(lengths)) > 1 or lengths[0] < 60 or lengths[0] % 60:
        return ""
    return {86_400: "day", 3_600: "hour", 604_800: "week"}.get(int(lengths[0]), f"span of {lengths[0]:g} seconds")


def is_by_day(times: Sequence[datetime | None]) -> bool:
    """Whether all times are midnights."""
    there = [time for time in times if time is not None]
    return len(there) > 1 and all(time.hour == time.minute == time.second == time.microsecond == 0 for time in there)


def count_of(columns: Sequence[Seen]) -> Seen | None:
    """The column that says how many calls a row stands for."""
    found = [
        one for one in columns if one.is_whole and _says_count(one.name) and any(number > 1 for number in one.numbers)
    ]
    return max(found, key=lambda one: (one.fullness, median(one.numbers)), default=None)


def _says_count(name: str) -> bool:
    words = words_of(name.rpartition(".")[2])
    if words & {
        "token",
        "tokens",
        "cost",
        "id",
        "error",
        "errors",
        "failed",
        "cached",
        "max",
        "limit",
        "retry",
        "retries",
    }:
        return False
    return (len(words) == 1 and bool(words & _COUNTS_ALONE)) or bool(
        words & _COUNTED and words & _COUNTING and words <= _COUNTED | _COUNTING | {"usage", "chat"}
    )


def summaries(columns: Sequence[Seen]) -> list[str]:
    """Names of columns that are averages and percentiles: of them no event can be made."""
    return [one.name for one in columns if words_of(one.name) & _PERCENTILES and one.is_numeric]


def vitals_in(columns: Sequence[Seen]) -> dict[str, Seen]:
    """Web vitals that stand side by side, by name."""
    found: dict[str, Seen] = {}
    for name, spellings in _VITALS.items():
        for column in columns:
            last = plain(column.name.rpartition(".")[2])
            bare = last.removesuffix("ms").removesuffix("value").removesuffix("s" if last.endswith("paints") else "")
            if column.is_numeric and (last in spellings or bare in spellings or words_of(column.name) & spellings):
                found.setdefault(name, column)
    return found if len(found) > 1 else {}


def vital_factor(name: str, column: Seen) -> float | None:
    """1000 where a vital is in seconds, by its size."""
    if name == "cls" or plain(column.name).endswith("ms"):
        return None
    numbers = column.numbers
    return 1000.0 if numbers and median(numbers) < 30 and any(number != int(number) for number in numbers) else None
