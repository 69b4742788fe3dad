"""`promptpilot explain`: what lies behind a change of a metric."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import End, Home, Json, Last, Start, Where, now, remark_on, settings_of
from app.commands.outcome import wrong
from app.commands.printing import print_json, say
from app.commands.query import zone_of
from app.commands.window import parse_filters, parse_window

if TYPE_CHECKING:
    from metrics.insights.causes import Causes
    from metrics.insights.causes.words import Told

_DEFAULT = "1h"


def explain(
    metric: Annotated[str, typer.Argument(help="One metric; see promptpilot metrics.")],
    last: Last = None,
    start: Start = None,
    end: End = None,
    where: Where = None,
    tz: Annotated[str | None, typer.Option(help="Time zone of times without one, and of those told.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Explain a change: where it is, what moved with it and first, what was changed in the hour before.

    It looks at the last hour, unless `--last` or `--from` and `--to` say so, and sets it against the time just before;
    a span of more than six hours against the same hours of up to four weeks before.

    Example: promptpilot explain error_rate --from 2026-05-01T13:00 --to 2026-05-01T14:00 --where provider=openai
    """
    from metrics.engine import Engine, EngineError, Query
    from metrics.insights import explain as explained
    from metrics.insights.causes.words import told

    settings = settings_of(home)
    zone = zone_of(tz or settings.timezone)
    span = parse_window(last or (None if start else _DEFAULT), start, end, zone, now())
    remark_on(settings)
    try:
        engine = Engine(settings)
        causes = explained(engine, Query(metrics=(metric,), window=span, filters=parse_filters(where or ())), span)
    except (EngineError, ValueError) as error:
        raise wrong(str(error)) from error
    words = told(causes, engine.metrics, zone)
    if as_json:
        print_json(_document(causes, words))
    else:
        _tell(words)


def _document(causes: "Causes", words: "Told") -> dict[str, object]:
    """The values, each with its sentence as `text`."""
    kept = ("metric", "before", "after", "tried")
    listed = {
        name: [{"text": claim.text, **_value(asdict(one))} for one, claim in zip(found, told, strict=True)]
        for name, found, told in (
            ("where", causes.where, words.where),
            ("moved", causes.moved, words.moved),
            ("changed", causes.changed, words.changed),
        )
    }
    return {
        **{name: getattr(causes, name) for name in kept},
        "text": words.headline,
        "span": causes.span.model_dump(),
        "baseline": [one.model_dump() for one in causes.baseline],
        **listed,
        "remarks": list(words.remarks),
    }


def _value(fields: dict[str, object]) -> dict[str, object]:
    """As JSON has it: places by dimension, leads in seconds."""
    written: dict[str, object] = {}
    for name, value in fields.items():
        match name:
            case "values":
                written[name] = dict(value)  # type: ignore[call-overload]
            case "within":
                written[name] = [_value(one) for one in value]  # type: ignore[attr-defined]
            case "lead":
                written["lead_seconds"] = value.total_seconds()  # type: ignore[attr-defined]
            case "filters":
                continue
            case _:
                written[name] = value
    return written


def _tell(words: "Told") -> None:
    say(words.headline)
    for heading, claims in (
        ("Where", words.where), ("What moved with it, the first first", words.moved), ("What changed", words.changed),
    ):  # fmt: skip
        if claims:
            say("")
            say(f"{heading}:")
            for claim in claims:
                say(f"  {claim.text}")
    if words.remarks:
        say("")
    for remark in words.remarks:
        say(remark)
