"""Other words for the known values of enumerations, and the value that a text means."""

from collections.abc import Mapping

import polars as pl

from metrics.events.schema import Column

_OK = (
    "0", "1", "200", "success", "successful", "succeeded", "completed", "complete", "unset", "status_code_ok",
    "status_code_unset", "fulfilled", "finished", "done", "pass", "passed", "true",
    "yes", "y", "t", "cached", "cache_hit",
    "stop", "length", "end_turn", "max_tokens", "stop_sequence", "tool_use", "tool_calls", "function_call", "eos",
    "pause_turn", "incomplete", "default", "debug", "info", "warning",
)  # fmt: skip
"""OpenTelemetry's codes and names, results of jobs, reasons to stop, Langfuse's levels. An answer that was cut short
at its length (`incomplete`, `max_tokens`) is an answer."""
_ERROR = (
    "2", "err", "failed", "failure", "fail", "status_code_error", "false", "no", "n", "f", "exception", "errored",
    "fatal", "critical", "rejected",
)  # fmt: skip
_LIMITED = (
    "429", "8", "rate_limit", "ratelimit", "ratelimited", "rate_limit_error", "rate_limit_exceeded", "throttled",
    "throttling", "throttlingexception", "throttling_exception", "too_many_requests", "toomanyrequests",
    "toomanyrequestsexception", "resource_exhausted", "resourceexhausted", "quota_exceeded", "insufficient_quota",
    "modelnotreadyexception", "servicequotaexceededexception", "ratelimiterror", "ratelimitexceeded",
)  # fmt: skip
_LATE = (
    "408", "504", "4", "timed_out", "timedout", "time_out", "deadline_exceeded", "deadlineexceeded", "gateway_timeout",
    "request_timeout", "modeltimeoutexception", "timeout_error", "timeouterror", "apitimeouterror", "expired",
    "readtimeout", "connecttimeout", "requesttimeout",
)  # fmt: skip
_FILTERED = (
    "content_filter", "contentfilter", "contentfiltered", "content_filter_error", "content_policy_violation",
    "responsibleaipolicyviolation", "refusal", "safety", "recitation", "blocklist", "prohibited_content", "spii",
    "guardrail_intervened", "content_blocked", "moderated", "image_safety", "blocked", "flagged",
    "contentpolicyviolationerror", "contentfilterfinishreasonerror", "content_policy_violation_error",
)  # fmt: skip
_CANCELLED = (
    "499", "canceled", "aborted", "abort", "client_closed_request", "interrupted", "-3", "client_disconnected",
    "client_disconnect", "user_cancelled", "user_canceled", "cancelled_by_user", "canceled_by_user", "aborterror",
    "apiuseraborterror", "cancellederror", "disconnected",
)  # fmt: skip
_OPEN = (
    "pending", "in_progress", "queued", "running", "started", "created", "processing", "requires_action",
    "finish_reason_unspecified", "-2",
)  # fmt: skip
"""Of a call that has not ended: nothing is known of its outcome."""
_ANSWERED = tuple(str(code) for code in range(200, 400))
_NOT_ANSWERED = ("0", "000", *(str(code) for code in range(500, 600)))
"""HTTP statuses that probes write for what they found; 0 where they could not connect."""
LLM_STATUS: Mapping[str, str | None] = {
    **dict.fromkeys(_OK, "ok"), **dict.fromkeys(_ERROR, "error"), **dict.fromkeys(_LIMITED, "rate_limited"),
    **dict.fromkeys(_LATE, "timeout"), **dict.fromkeys(_FILTERED, "content_filtered"),
    **dict.fromkeys(_CANCELLED, "cancelled"), **dict.fromkeys(_OPEN, None),
}  # fmt: skip
"""What the outcome of a call is called elsewhere; with `-` and spaces as `_`."""
_SUCCESSES = ("ok", "succeeded", "successful", "completed", "complete", "finished", "done", "pass", "passed", "true",
              "yes")  # fmt: skip
_FAILURES = ("failed", "fail", "error", "errored", "crashed", "killed", "timeout", "timed_out", "timedout", "false",
             "no")  # fmt: skip
"""How runs end, where yes and no are all that is said of it, too."""
PAGE_VIEW = "page_view"
_PAGE_VIEWS = ("pageview", "pageviews", "pageviewed", "viewpage", "viewedpage")
"""How the view of a page is called, as letters alone."""
SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "llm_call.status": {word: meaning for word, meaning in LLM_STATUS.items() if meaning is not None},
    "health.status": {
        **dict.fromkeys(("up", "ok", "operational", "pass", "passing", "passed", "success", "successful", "green",
                         "online", "alive", "available", "running", "reachable", "good", "true", "yes"), "healthy"),
        **dict.fromkeys(("warn", "warning", "partial", "yellow", "slow", "impaired", "unstable"), "degraded"),
        **dict.fromkeys(("fail", "failed", "failing", "failure", "outage", "error", "unhealthy", "red", "critical",
                         "offline", "dead", "unavailable", "unreachable", "timeout", "false", "no"), "down"),
        **dict.fromkeys(("maintenance", "paused"), "unknown"),
        **dict.fromkeys(_ANSWERED, "healthy"), **dict.fromkeys(_NOT_ANSWERED, "down"),
    },
    "pipeline_run.status": {
        **dict.fromkeys(_SUCCESSES, "success"), **dict.fromkeys(_FAILURES, "failure"),
        **dict.fromkeys(("canceled", "aborted", "skipped", "stopped"), "cancelled"),
        **dict.fromkeys(("in_progress", "queued", "pending", "started", "scheduled"), "running"),
    },
    "prompt.outcome": {**dict.fromkeys(_SUCCESSES, "success"), **dict.fromkeys(_FAILURES, "failure")},
    "feedback.sentiment": {
        **dict.fromkeys(("up", "thumbs_up", "thumbsup", "thumbs-up", "👍", "good", "like", "liked"), "positive"),
        **dict.fromkeys(("down", "thumbs_down", "thumbsdown", "thumbs-down", "👎", "bad", "dislike", "disliked"),
                        "negative"),
        "mixed": "neutral",
    },
    "prompt.action": {"create": "created", "edit": "edited", "updated": "edited", "execute": "executed",
                      "run": "executed", "invoke": "executed", "invoked": "executed", "delete": "deleted"},
    "error.status": {"opened": "open", "new": "open", "unresolved": "open", "closed": "resolved", "fixed": "resolved",
                     "done": "resolved", "reopened": "open", "acknowledged": "open", "in_progress": "open"},
    "severity": {
        **dict.fromkeys(("fatal", "crit", "emergency", "emerg", "alert", "panic", "blocker", "urgent", "sev0", "sev1",
                         "sev-0", "sev-1", "p0", "p1"), "critical"),
        **dict.fromkeys(("err", "high", "major", "sev2", "sev-2", "p2"), "error"),
        **dict.fromkeys(("warn", "medium", "minor", "sev3", "sev-3", "p3"), "warning"),
        **dict.fromkeys(("low", "information", "informational", "notice", "debug", "trace", "verbose"), "info"),
    },
    "security.outcome": {"allow": "allowed", "success": "allowed", "deny": "blocked", "denied": "blocked",
                         "failure": "blocked"},
    "change_type": {"deploy": "deployment", "release": "deployment", "configuration": "config", "outage": "incident"},
    "cost_source": {"estimated": "priced", "calculated": "priced", "provider": "reported"},
}  # fmt: skip
"""Other words for the known values of an enumeration."""


def choice(text: pl.Expr, column: Column, kind: str) -> pl.Expr:
    """The known value that a text means; a text that means none is left, in lower case."""
    said = _said(text)
    words = SYNONYMS.get(f"{kind}.{column.name}", SYNONYMS.get(column.name, {}))
    known = {word: meaning for word, meaning in words.items() if word not in column.one_of}
    return said.replace(list(known), list(known.values())) if known else said


def page_views(texts: pl.Series) -> pl.Series:
    """What was done, with the view of a page under the one name by which views are counted."""
    words = texts.unique().drop_nulls().to_frame("word")
    other = words.filter(pl.col("word").str.to_lowercase().str.replace_all(r"[^a-z]", "").is_in(_PAGE_VIEWS))["word"]
    return texts.replace(other, [PAGE_VIEW] * len(other)) if len(other) else texts


def _said(text: pl.Expr) -> pl.Expr:
    lowered = text.str.strip_chars().str.to_lowercase()
    return lowered.str.replace(r'^\{.*"code": ?"?(\w+).*\}$', "${1}")  # a span's status as an object
