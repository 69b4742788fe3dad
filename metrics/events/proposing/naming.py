"""What the words of a column's name say: which tokens, which duration, whether a cost, and how good a time.

Exports spell these in a hundred ways (`usage.completion_tokens_details.reasoning_tokens`, `inputTokenCount`); the
words are few.
"""

import re
from functools import cache

LONGEST_NAME = 120
"""Letters that are looked at: nothing meaningful is longer."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def _said(words: str) -> frozenset[str]:
    return frozenset(words.split())


OTHER = "other"
"""A name that says tokens, a duration or a cost, but none that we keep."""
TOTAL = "total"


@cache
def tokens_meant(name: str) -> str | None:
    """Which count of tokens a name means; `total`, `other`, or nothing where it says no tokens."""
    words = words_of(name)
    joined = plain(name)
    said = bool(words & {"token", "tokens", "tok", "toks", "usage"}) or "token" in joined
    if not said and not (words & {"cache", "cached"} and words & {"input", "prompt", "read", "write"}):
        return None
    if words & _NO_TOKENS or "pertoken" in joined:
        return OTHER
    if "cache" in joined:
        if words & {"write", "written", "creation", "create", "created"}:
            return "cache_write_tokens"
        return OTHER if words & {"miss", "uncached", "savings"} else "cached_input_tokens"
    if words & {"reasoning", "thoughts", "thought", "thinking"}:
        return "reasoning_tokens"
    return OTHER if words & _PARTIAL else _side_of(name)


def _side_of(name: str) -> str:
    """The input, the output, or `total`; `tokens` where the name does not say which."""
    words, joined = words_of(name), plain(name)
    own = words_of(name.rpartition(".")[2])
    for told in (own, words):
        if told & {"total", "sum", "all"}:
            return TOTAL
        read, written = told & _READ, told & _WRITTEN
        if bool(read) != bool(written):
            return "input_tokens" if read else "output_tokens"
    if joined.startswith(("input", "prompt")) != joined.startswith(("output", "completion")):
        return "input_tokens" if joined.startswith(("input", "prompt")) else "output_tokens"
    return "tokens"


_READ = _said("input inputs prompt in context request question sent read query eingabe")
_WRITTEN = _said(
    "output outputs completion completions out response answer"
    " generated generation received written candidates reply ausgabe"
)
_NO_TOKENS = _said(
    "max min limit budget per rate price cost costs latency"
    " time first ttft throughput speed remaining type avg mean id usd"
)
_PARTIAL = _said("audio image video text accepted rejected prediction tool document modality")


_LONG = _said("latency duration took elapsed runtime delay millis dauer")
_TIME_OF = _said("response request processing execution total wall taken run spent")
_NO_DURATION = _said("inter per queue upstream throughput avg mean average median max min session p50 p90 p95 p99")


@cache
def duration_meant(name: str) -> str | None:
    """Which duration a name means; `other` for one that we do not keep, nothing where it says none."""
    words, joined = words_of(name), plain(name)
    if "ttft" in joined or ("first" in words and words & {"token", "byte", "chunk"}):
        return "time_to_first_token_ms"
    is_long = (
        words & _LONG
        or ("time" in words and words & _TIME_OF)
        or joined in {"ms", "sec", "secs", "seconds", "timems", "msec"}
        or joined.endswith(("latency", "duration"))
    )
    if not is_long:
        return None
    return OTHER if words & _NO_DURATION else "duration_ms"


_PAID = _said("cost costs price spend spent charge amount fee kosten dollars billed usd")
_NO_COST = _said(
    "per rate unit saved savings save input output prompt completion cached cache details budget limit"
    " cumulative currency tokens reasoning upstream"
)


@cache
def cost_meant(name: str) -> str | None:
    """Whether a name means what a call cost; `other` for parts of it and for prices, nothing where it says neither."""
    words = words_of(name)
    if not words & _PAID and not plain(name).startswith(("cost", "spend")):
        return None
    return OTHER if words & _NO_COST else "cost_usd"


_TIMES: tuple[tuple[frozenset[str], float], ...] = (
    (
        _said(
            "expires expiry expiration birth birthday due deprecation deprecated previous signup registered joined next"
            " last trial renewal first session account conversation user customer install build"
        ),
        0.35,
    ),
    (
        _said(
            "exported export ingested ingestion ingest loaded synced sync updated modified processed indexed imported"
            " inserted extracted received uploaded etl load stored archived deleted downloaded server"
        ),
        0.55,
    ),
    (_said("end ended finish finished completed completion stop stopped response closed resolved done until to"), 0.7),
    (_said("start started begin began begun called requested request from"), 1.0),
    (_said("created creation create published sent"), 0.85),
    (_said("timestamp ts time datetime occurred when event logged happened zeit date at datum moment utc"), 0.95),
)
"""Words of names of times, and how well they say that it happened then: the first that fits decides."""


@cache
def time_rank(name: str) -> float:
    """How well the name of a time says that it is when the event happened, 0 to 1."""
    words = words_of(name.rpartition(".")[2]) or words_of(name)
    joined = plain(name)
    if joined in {"starttime", "startedat", "timestampstart"}:
        return 1.0
    found = next((rank for said, rank in _TIMES if words & said), None)
    if found is None:
        return 0.75 if joined.endswith(("time", "at", "ts", "date", "timestamp")) else 0.6
    return found - min(0.1, 0.03 * name.count("."))


@cache
def plain(name: str) -> str:
    """Its letters and digits, lower case."""
    return re.sub(r"[^a-z0-9]+", "", name[:LONGEST_NAME].lower())


@cache
def words_of(name: str) -> frozenset[str]:
    """The words of a name, lower case, however they are joined."""
    return frozenset(word for word in re.split(r"[^a-z0-9]+", _CAMEL.sub("_", name[:LONGEST_NAME]).lower()) if word)
