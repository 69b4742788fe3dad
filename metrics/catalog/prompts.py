"""What is done with prompts and pipelines, and how well."""

from metrics.catalog.model import Additive, DistinctValues, ImprovedPrompts, Metric, SeenValues

_EXECUTED = "action = 'executed'"


def _counted(name: str, title: str, doc: str, where: str, direction: str = "neutral") -> Metric:
    measure = Additive(name, "prompt", f"count(*) FILTER (WHERE {where})")
    return Metric(name, title, "prompts", direction, doc, name, (measure,), decimals=0)  # pyright: ignore[reportArgumentType]


SUCCESSFUL = Additive("prompts_successful", "prompt", f"count(*) FILTER (WHERE {_EXECUTED} AND outcome = 'success')")
_LENGTH = (
    Additive("prompt_length_sum", "prompt", "sum(length_chars)"),
    Additive("with_length", "prompt", "count(length_chars)"),
)
_SCORED = Additive("scored", "prompt", "count(quality_score)")
_BANDS = (
    ("excellent", "at least 90", "quality_score >= 90"),
    ("good", "at least 75, under 90", "quality_score >= 75 AND quality_score < 90"),
    ("average", "at least 50, under 75", "quality_score >= 50 AND quality_score < 75"),
    ("poor", "under 50", "quality_score < 50"),
)


def _band(name: str, words: str, where: str) -> Metric:
    measure = Additive(f"quality_{name}_count", "prompt", f"count(*) FILTER (WHERE {where})")
    return Metric(
        f"quality_{name}", f"Quality {name}", "%", "up" if name in ("excellent", "good") else "down",
        f"Share of the quality scores that are {words}.", f"1e2 * {measure.name} / nullif(scored, 0)",
        (measure, _SCORED),
    )  # fmt: skip


_RUNS = Additive("pipelines_executed", "pipeline_run", "count(*) FILTER (WHERE status IS DISTINCT FROM 'running')")
_ENDED = Additive("pipeline_runs_ended", "pipeline_run", "count(*) FILTER (WHERE status IN ('success', 'failure'))")
_RUN_SUCCESSES = Additive("pipeline_runs_successful", "pipeline_run", "count(*) FILTER (WHERE status = 'success')")
_RUN_TIME = Additive("pipeline_duration_sum", "pipeline_run", "sum(duration_ms)")
_TIMED_RUNS = Additive("pipeline_runs_timed", "pipeline_run", "count(duration_ms)")

METRICS = (
    Metric(
        "prompts_total", "Prompts in use", "prompts", "neutral", "Distinct prompts of which there is any event.",
        "prompts_total", (DistinctValues("prompts_total", "prompt", "prompt_id"),), decimals=0,
    ),
    _counted("prompts_created", "Prompts created", "Prompts created.", "action = 'created'", "up"),
    _counted("prompts_executed", "Prompts executed", "Executions of prompts.", _EXECUTED),
    Metric(
        "prompts_successful", "Successful executions", "prompts", "up", "Executions that ended in success.",
        "prompts_successful", (SUCCESSFUL,), decimals=0,
    ),
    _counted(
        "prompts_failed", "Failed executions", "Executions that ended in failure.",
        f"{_EXECUTED} AND outcome = 'failure'", "down",
    ),
    Metric(
        "prompt_length_mean", "Mean prompt length", "characters", "neutral",
        "Mean length of the prompts' text, over the events that give one.",
        "prompt_length_sum / nullif(with_length, 0)", _LENGTH, decimals=0,
    ),
    Metric(
        "quality_mean", "Prompt quality", "points", "up", "Mean quality score, 0 to 100.",
        "quality_sum / nullif(scored, 0)", (Additive("quality_sum", "prompt", "sum(quality_score)"), _SCORED),
    ),
    *(_band(*band) for band in _BANDS),
    Metric(
        "quality_improvements", "Prompts improved", "prompts", "up",
        "Prompts whose latest quality score of the bucket exceeds their first one of it.", "quality_improvements",
        (ImprovedPrompts("quality_improvements"),), decimals=0,
    ),
    Metric(
        "pipelines_total", "Pipelines", "pipelines", "neutral",
        "Distinct pipelines ever run up to the end of the bucket.",
        "pipelines_total", (SeenValues("pipelines_total", "pipeline_run", "pipeline_id"),), decimals=0,
    ),
    Metric(
        "pipelines_active", "Active pipelines", "pipelines", "up",
        "Distinct pipelines with a run in the 30 days before the end of the bucket.", "pipelines_active",
        (SeenValues("pipelines_active", "pipeline_run", "pipeline_id", days=30),), decimals=0,
    ),
    Metric(
        "pipelines_executed", "Pipeline runs", "runs", "neutral", "Runs of pipelines that are not still going on.",
        "pipelines_executed", (_RUNS,), decimals=0,
    ),
    Metric(
        "pipeline_duration_mean", "Mean pipeline run", "ms", "down", "Mean length of the runs that have one.",
        "pipeline_duration_sum / nullif(pipeline_runs_timed, 0)", (_RUN_TIME, _TIMED_RUNS),
    ),
    Metric(
        "pipeline_success_rate", "Pipeline success rate", "%", "up", "100 × successful ÷ (successful + failed) runs.",
        "1e2 * pipeline_runs_successful / nullif(pipeline_runs_ended, 0)", (_RUN_SUCCESSES, _ENDED),
    ),
)  # fmt: skip
