"""Events of the product's use: prompts, pipelines, page views, web vitals and feedback."""

from collections.abc import Mapping

from metrics.events.schema import FLOAT, INTEGER, Column, Kind, duration, text

VITAL_LIMITS: Mapping[str, tuple[float, float]] = {
    "lcp": (2500, 4000),
    "inp": (200, 500),
    "fid": (100, 300),
    "cls": (0.1, 0.25),
    "fcp": (1800, 3000),
    "ttfb": (800, 1800),
}
"""Up to which value each web vital is good, and up to which it needs improvement; ms, CLS has no unit."""

PROMPT = Kind(
    "prompt",
    "Something was done with a stored prompt.",
    (
        text("prompt_id", "Identity of the prompt.", required=True),
        text("action", "What was done.", one_of=("created", "edited", "executed", "deleted")),
        text("outcome", "How an execution ended.", one_of=("success", "failure")),
        Column(
            "length_chars",
            INTEGER,
            "Length of the prompt's text.",
            unit="characters",
            minimum=0,
            aliases=("prompt_length",),
        ),
        Column("quality_score", FLOAT, "Judged quality, 0 to 100.", unit="points", minimum=0, maximum=100),
        Column("version", INTEGER, "Version of the prompt.", minimum=0),
    ),
    signature=(("prompt_id", "action"), ("prompt_id", "quality_score")),
    aliases=("prompts",),
)

PIPELINE_RUN = Kind(
    "pipeline_run",
    "One run of a prompt pipeline.",
    (
        text("pipeline_id", "Identity of the pipeline.", required=True),
        text("run_id", "Identity of the run."),
        text("status", "How the run ended.", one_of=("success", "failure", "cancelled", "running")),
        duration("duration_ms", "Length of the run."),
        Column("steps", INTEGER, "Steps executed.", minimum=0),
    ),
    signature=(("pipeline_id", "status"), ("pipeline_id", "duration_ms")),
    aliases=("pipeline", "pipeline_runs"),
)

INTERACTION = Kind(
    "interaction",
    "A person did something in the product: saw a page, clicked, submitted.",
    (
        text("page", "Page or screen, without the query string.", aliases=("page_name", "screen", "page_path")),
        text("action", "page_view, or what was done on the page."),
        text("target", "What was acted on."),
        text("referrer", "Where the visit came from."),
        text("device", "desktop, mobile, tablet, …", aliases=("platform", "device_type")),
    ),
    signature=(("page", "action"), ("page", "session_id"), ("page", "user_id")),
    aliases=("interactions", "page_view", "pageview", "click"),
)

WEB_VITAL = Kind(
    "web_vital",
    "One web-vital measurement of a page load.",
    (
        text(
            "name",
            "Which vital.",
            required=True,
            one_of=("lcp", "fid", "cls", "fcp", "ttfb", "inp"),
            aliases=("metric", "vital"),
        ),
        Column("value", FLOAT, "Milliseconds; CLS has no unit.", required=True, minimum=0),
        text("page", "Page measured."),
        text("device", "desktop, mobile, tablet, …"),
    ),
    signature=(("name", "value", "page"),),
    aliases=("web_vitals", "vital"),
)

FEEDBACK = Kind(
    "feedback",
    "What a user said about the product.",
    (
        Column(
            "nps_score", INTEGER, "Would recommend, 0 to 10.", unit="points", minimum=0, maximum=10, aliases=("nps",)
        ),
        Column(
            "csat_score",
            INTEGER,
            "Satisfaction, 1 to 5.",
            unit="points",
            minimum=1,
            maximum=5,
            aliases=("csat", "rating"),
        ),
        text("sentiment", "Tone.", one_of=("positive", "neutral", "negative")),
        text("comment", "The user's words."),
        text("prompt_id", "The prompt it is about."),
    ),
    signature=(("nps_score",), ("csat_score",), ("sentiment",)),
    aliases=("feedbacks", "survey"),
)
