"""`promptpilot alerts backtest`: what would a rule have done?"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.alerts.database import exists, opened
from app.commands.options import End, Home, Json, Start, now, settings_of
from app.commands.outcome import unknown, wrong
from app.commands.printing import moment, print_json, say_lines, table_text, warn
from app.commands.sparkline import marks, sparkline
from app.commands.window import parse_window

if TYPE_CHECKING:
    from alerts.judging import Labels
    from alerts.rules import AlertRule
    from alerts.trying.against import Comparison, Known
    from alerts.trying.backtest import Backtest
    from metrics.catalog import Metric
    from metrics.engine import Window
    from metrics.settings import Settings

DEFAULT_LAST = "30d"
DYNAMIC = "dynamic"
MOST_DRAWN = 5
"""Instances whose series are drawn: those that fire longest."""
WIDTH = 96
BESIDE = ("", "fires", "a week", "in all", "incidents found", "beside them", "called false", "judged")
COLUMNS = ("instance", "fires", "in all", "worst")


def backtest(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Id of a rule in force, or a file of rules.")],
    last: Annotated[
        str | None, typer.Option(help=f"Length of the window, such as 7d or {DEFAULT_LAST} (default).")
    ] = None,
    start: Start = None,
    end: End = None,
    incidents: Annotated[
        str, typer.Option(help="Hold the rule only against incidents whose name holds this text.")
    ] = "",
    against: Annotated[
        str | None, typer.Option(help="Beside a rule with a threshold, the same rule as one of this kind: dynamic.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Say when a rule would have fired, how often and how long, whom it would have spared, and how right it was.

    Right is what overlaps `change` events of type incident. It is the code that evaluates rules live, over history.
    """
    from alerts.judging.holidays import Holidays
    from alerts.trying.against import as_dynamic, compared
    from alerts.trying.backtest import backtest as tried
    from metrics.engine import Engine

    settings = settings_of(home)
    engine = Engine(settings)
    chosen, others = _rules(rule, settings, engine.metrics)
    window = parse_window(last or (None if start else DEFAULT_LAST), start, end, settings.timezone, now())
    settle = timedelta(seconds=settings.alerts.settle_seconds)
    holidays = Holidays.of(settings.holidays, settings.timezone)
    if against not in (None, DYNAMIC):
        raise wrong(f"--against {against}: expected {DYNAMIC}, which is what a threshold can be set against")

    def tried_as(one: "AlertRule") -> "Backtest":
        return tried(
            one, engine, window, now(), settle, others, lambda incident: incidents in incident.name, holidays=holidays
        )

    found: list[Backtest] = []
    beside: dict[str, Comparison] = {}
    for one in chosen:
        try:
            found.append(tried_as(one))
            if against:
                dynamic = tried_as(as_dynamic(one))
                beside[one.id] = compared(found[-1], dynamic, _known(one, window, settings), settle)
        except ValueError as error:
            raise wrong(str(error)) from error
    if as_json:
        print_json([{**_document(one, engine.metrics), **_beside_document(beside.get(one.rule.id))} for one in found])
        return
    for number, one in enumerate(found):
        say_lines("\n" * bool(number) + _text(one, engine.metrics))
        if one.rule.id in beside:
            say_lines("\n" + _beside_text(beside[one.rule.id]))
        if one.problem:
            warn(f"promptpilot: {one.rule.id}: {one.problem}")


def _rules(
    given: str, settings: "Settings", metrics: "Mapping[str, Metric]"
) -> tuple[Sequence["AlertRule"], Sequence["AlertRule"]]:
    """The rules that are meant, and all that they may look at."""
    from alerts.rules.reading import Rules, check_text, read

    known = Rules().load(settings, metrics).rules
    if given in known:
        return [known[given]], tuple(known.values())
    path = Path(given)
    if not path.is_file():
        raise unknown("rule", given, known, "promptpilot alerts list names all; a file of rules will do as well")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise wrong(f"{path}: cannot be read: {error}") from error
    problems = check_text(text, metrics, known, given)
    if problems:
        raise wrong("\n".join(map(str, problems)))
    own = [placed.rule for placed in read(text, given, metrics).rules]
    if not own:
        raise wrong(f"{path}: there is no rule in it")
    return own, (*known.values(), *own)


def _known(rule: "AlertRule", window: "Window", settings: "Settings") -> "Known":
    """What people made of the rule's own alerts; nothing where no alert was ever kept."""
    from alerts.trying.against import Known

    if not exists(settings):
        return Known()
    with opened(settings) as store, store.reading() as repository:
        return Known.of(repository.incidents(open_only=False, since=window.start, until=window.end), rule)


def _beside_document(beside: "Comparison | None") -> dict[str, object]:
    """How it would do with a band, beside how it does."""
    if beside is None:
        return {}
    figures = {
        name: {
            "fires": one.alerts, "per_week": one.per_week, "firing_seconds": one.firing.total_seconds(),
            "found": one.found, "false": one.false, "beside": one.beside, "judged_seconds": one.judged.total_seconds(),
        }
        for name, one in (("static", beside.static), (DYNAMIC, beside.dynamic))
    }  # fmt: skip
    return {"against": {**figures, "real": beside.real, "false": beside.false, "suggestion": beside.suggestion}}


def _beside_text(beside: "Comparison") -> str:
    from alerts.rules.durations import written

    rows = [
        (title, f"{one.alerts:,}", f"{one.per_week:.1f}", written(one.firing), f"{one.found} of {beside.real}",
         f"{one.beside:,}", f"{one.false} of {beside.false}", written(one.judged))
        for title, one in (("the threshold", beside.static), (DYNAMIC, beside.dynamic))
    ]  # fmt: skip
    return f"{table_text('', BESIDE, rows, right=7).rstrip()}\n{beside.said}"


def _document(found: "Backtest", metrics: "Mapping[str, Metric]") -> dict[str, object]:
    """A backtest as scripts read it."""
    right = {(alert.key, alert.fired_at) for alert in found.right}
    delay = found.delay
    return {
        "rule": found.rule.id,
        "name": found.rule.name,
        "what": _what(found.rule, metrics),
        "from": found.window.start,
        "to": found.window.end,
        "fires": len(found.alerts),
        "per_week": found.episodes_per_week,
        "firing_seconds": found.firing.total_seconds(),
        "suppressed": found.suppressed,
        "told": found.told,
        "precision": found.precision,
        "recall": found.recall,
        "delay_seconds": None if delay is None else delay.total_seconds(),
        "alerts": [
            {
                "labels": dict(alert.key.labels), "since": alert.since, "fired_at": alert.fired_at,
                "ended_at": alert.ended_at, "worst": alert.worst, "right": (alert.key, alert.fired_at) in right,
            }
            for alert in found.alerts
        ],
        "incidents": [
            {"name": one.name, "from": one.start, "to": one.end, "found": one in found.delays}
            for one in found.incidents
        ],
        "judged_seconds": found.judged.total_seconds(),
        "unjudged_days": found.unjudged_days,
        "holidays": [{"date": one.date, "name": one.name} for one in found.holidays],
        "unseen": [one.name for one in found.unseen],
        "problem": found.problem,
    }  # fmt: skip


def _text(found: "Backtest", metrics: "Mapping[str, Metric]") -> str:
    from alerts.rules.durations import written

    alerts, incidents, delay = len(found.alerts), len(found.incidents), found.delay
    heard = alerts - found.suppressed
    lines = [
        f"{found.rule.name} ({found.rule.id}): {_what(found.rule, metrics)}",
        f"{moment(found.window.start)} to {moment(found.window.end)}",
        "",
        f"fires      {_count(alerts, 'time')}, {found.episodes_per_week:.1f} a week, {written(found.firing)} in all",
        f"tells      of {_count(found.told, 'incident')}; spared: {found.suppressed} suppressed, "
        f"{heard - found.told} that belong to another alert",
        f"precision  {_percent(found.precision)}: {len(found.right)} of {_count(alerts, 'alert')} in an incident",
        f"recall     {_percent(found.recall)}: {len(found.delays)} of {_count(incidents, 'incident')} found"
        + (f", after {written(delay)} (median)" if delay is not None else ""),
        *_unjudged(found),
    ]
    firing = sorted(_instances(found), key=lambda one: one[1], reverse=True)
    if firing and found.alerts:
        rows = [_row(found, labels, metrics) for labels, _ in firing]
        lines += ["", table_text("", COLUMNS, rows, right=3).rstrip()]
    for labels, _ in firing[:MOST_DRAWN]:
        lines += ["", *_drawn(found, labels)]
    return "\n".join(lines)


def _unjudged(found: "Backtest") -> Sequence[str]:
    """What could not be judged: days, and incidents that no data was there for."""
    days, unseen = found.unjudged_days, found.unseen
    listed = f"{days[0]} to {days[-1]}" if len(days) > 1 else "".join(map(str, days))
    said = [f"unjudged   {_count(len(days), 'day')} without data enough to judge by: {listed}"] if days else []
    if found.holidays:
        said.append(f"holidays   nothing is too little on {', '.join(map(str, found.holidays))}")
    return [*said, *([f"unseen     {_count(len(unseen), 'incident')}, with nothing to judge by"] if unseen else [])]


def _instances(found: "Backtest") -> Sequence[tuple["Labels", timedelta]]:
    """Instances, and how long each fired; the only one also where it never did."""
    times: dict[Labels, timedelta] = {} if found.rule.by else {(): timedelta()}
    for alert in found.alerts:
        start, end = found.span(alert)
        times[alert.key.labels] = times.get(alert.key.labels, timedelta()) + (end - start)
    return list(times.items())


def _row(found: "Backtest", labels: "Labels", metrics: "Mapping[str, Metric]") -> Sequence[str]:
    from alerts.judging.lifecycle import worse_of
    from alerts.judging.thresholds import compared_unit
    from alerts.rules.durations import written

    alerts = found.of(labels)
    worst = [alert.worst for alert in alerts if alert.worst is not None]
    farthest = min if worse_of(found.rule) == "lower" else max
    unit = compared_unit(found.rule, metrics[found.rule.metric].unit if found.rule.metric else "")
    time = sum((end - start for start, end in map(found.span, alerts)), timedelta())
    shown = f"{farthest(worst):,.4g} {unit}".rstrip() if worst else "–"
    return _named(labels), str(len(alerts)), written(time), shown


def _drawn(found: "Backtest", labels: "Labels") -> Sequence[str]:
    """The series of an instance, and where it fires below it."""
    from alerts.judging.instants import micros
    from alerts.judging.lifecycle import worse_of

    rows = found.rows
    if rows is None or labels not in rows.labels:
        return []
    series = rows.judged.values[rows.labels.index(labels)].tolist()
    fires = [False] * len(series)
    for alert in found.of(labels):
        start, end = (int(rows.instants.searchsorted(micros(at))) for at in found.span(alert))
        fires[start : max(end, start + 1)] = [True] * (max(end, start + 1) - start)
    values = [None if value != value else value for value in series]
    name = _named(labels) if labels else found.rule.metric or "fires"
    line = sparkline(values, WIDTH, lowest=worse_of(found.rule) == "lower")
    return [name, line.rstrip(), marks(fires, WIDTH).rstrip()]


def _named(labels: "Labels") -> str:
    return ", ".join("(none)" if value is None else value for _, value in labels) or "all"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _percent(part: float | None) -> str:
    return "–" if part is None else f"{100 * part:.0f} %"


def _what(rule: "AlertRule", metrics: "Mapping[str, Metric]") -> str:
    from alerts.judging.thresholds import threshold_text

    return f"{rule.metric} {threshold_text(rule, metrics[rule.metric].unit if rule.metric else '')}".strip()
