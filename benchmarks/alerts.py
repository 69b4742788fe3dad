"""How long alerts take over a large lake: a tick of many rules, a storm of alerts, a backtest of a month.

Each is measured in a process of its own, so that its memory is its own: `python -m benchmarks.alerts HOME`.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import yaml

from alerts.rules import AlertRule
from alerts.store import Store
from alerts.trying.backtest import backtest
from alerts.watch import Watch
from metrics.engine import DataFreshness, Engine, Window
from metrics.settings import Settings

RULES = 1_000
STORM_RULES = 834
"""Of twelve instances each: ten thousand alerts."""
TICKS = 6
METRICS = ("error_rate", "success_rate", "client_error_rate", "response_time_p50", "response_time_p95",
           "response_time_p99", "requests_per_minute", "response_time_max")  # fmt: skip
REGIONS = (None, "us-east-1", "eu-west-1")
WINDOWS = ("1m", "5m")


def _above(threshold: float) -> dict[str, object]:
    return {"operator": ">", "threshold": threshold, "duration": "5m"}


MONTHS = (
    ("an error rate", "error_rate", [], _above(2)),
    ("an error rate by endpoint", "error_rate", ["endpoint"], _above(5)),
    ("a P95", "response_time_p95", [], _above(500)),
    ("a P95 by endpoint", "response_time_p95", ["endpoint"], _above(1_000)),
    ("what is usual of a P95", "response_time_p95", [], {"kind": "dynamic"}),
)
"""Name, metric, labels and condition of the rules that are tried over a month."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure."""

    name: str
    reach: str
    value: str


def measured(home: Path) -> Iterator[Measured]:
    """All of it, over the lake of `home`."""
    tick = _in_a_process(home, "tick")
    yield Measured(
        f"a tick of {RULES:,} rules, {tick['instances']:,.0f} instances", "≤ 1 s", f"{tick['seconds']:.2f} s"
    )
    yield Measured("its memory", "≤ 500 MiB", f"{tick['mib']:.0f} MiB")
    storm = _in_a_process(home, "storm")
    yield Measured(
        f"{storm['firing']:,.0f} alerts that fire at once, to {storm['messages']:.0f} messages in the outbox",
        "≤ 2 s",
        f"{storm['seconds']:.2f} s",
    )
    for name, seconds in _in_a_process(home, "month").items():
        yield Measured(f"backtest of {name}, 30 days by the minute", "≤ 1 s", f"{seconds:.2f} s")


def tick(home: Path) -> dict[str, float]:
    """Ticks that evaluate every rule and find nothing: their median."""
    watch, end, store = _watch(home, [_rule(number, 1e9) for number in range(RULES)])
    times: list[float] = []
    for minute in range(TICKS):
        started = perf_counter()
        done = watch.tick(end + minute * timedelta(minutes=5))
        times.append(perf_counter() - started)
        assert done.evaluated == RULES, done
        assert not done.failed, done.failed
    store.close()
    return {"seconds": statistics.median(times[1:]), "instances": RULES * 12, "mib": _peak_mib()}


def storm(home: Path) -> dict[str, float]:
    """One tick in which all instances of all rules fire."""
    watch, end, store = _watch(home, [_rule(number, -1) for number in range(STORM_RULES)])
    started = perf_counter()
    done = watch.tick(end)
    seconds = perf_counter() - started
    with store.reading() as repository:
        firing = len(repository.firing_alerts())
    store.close()
    return {"seconds": seconds, "firing": firing, "messages": done.told}


def month(home: Path) -> dict[str, float]:
    """Backtests over thirty days at steps of a minute, each by an engine that was asked nothing before."""
    found: dict[str, float] = {}
    for name, metric, by, condition in MONTHS:
        engine = Engine(Settings(home=home))
        last = engine.answer(DataFreshness()).last
        assert last is not None, f"{home} holds no events"
        end = datetime.fromtimestamp(last.timestamp() // 3600 * 3600, UTC)
        window = Window(start=end - timedelta(days=30), end=end)
        rule = AlertRule.model_validate(
            {"id": "tried", "name": name, "priority": "P1", "metric": metric, "by": by, "condition": condition}
        )
        started = perf_counter()
        backtest(rule, engine, window, end + timedelta(hours=1), timedelta(seconds=10))
        found[name] = perf_counter() - started
    return found


def _rule(number: int, threshold: float) -> dict[str, object]:
    region = REGIONS[number // len(METRICS) % len(REGIONS)]
    return {
        "id": f"rule-{number}",
        "name": f"Rule {number}",
        "priority": "P1",
        "metric": METRICS[number % len(METRICS)],
        "by": ["endpoint"],
        "where": {"region": region} if region else {},
        "window": WINDOWS[number % len(WINDOWS)],
        "min_events": 0,
        "condition": {"operator": ">", "threshold": threshold + number / RULES},
        "notifications": {"channels": ["slack"]},
    }


def _watch(home: Path, rules: Sequence[dict[str, object]]) -> tuple[Watch, datetime, Store]:
    """A watch over these rules, an hour before the lake ends."""
    scratch = Path(tempfile.mkdtemp(prefix="promptpilot-bench-"))
    (scratch / "alerts.yaml").write_text(yaml.safe_dump(list(rules)), encoding="utf-8")
    for room in ("lake", "rollups"):
        (scratch / room).symlink_to((home / room).absolute())
    settings = Settings.model_validate({"home": scratch, "alerts": {"shipped_rules": False}})
    last = Engine(settings).answer(DataFreshness()).last
    assert last is not None, f"{home} holds no events"
    end = datetime.fromtimestamp(last.timestamp() // 3600 * 3600, UTC) - timedelta(hours=1) + timedelta(seconds=10)
    store = Store.of(settings)
    watch = Watch(settings, store, set_up=["slack"])
    watch.rules()  # read when a file of theirs changes, not at every tick
    return watch, end, store


def _peak_mib() -> float:
    """Of this program: what `getrusage` tells begins with the peak of the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def _in_a_process(home: Path, what: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.alerts", str(home), what]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    print(json.dumps({"tick": tick, "storm": storm, "month": month}[sys.argv[2]](Path(sys.argv[1]))))
