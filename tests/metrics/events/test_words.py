"""Words by which exports say the known values of an enumeration: a value that is rejected takes its row along."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.metrics.events.conftest import TIME

Event = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("row", "column", "said", "meant"),
    [
        *(({"error_id": "e", "message": "x"}, "severity", said, meant)
          for said, meant in (("P1", "critical"), ("SEV2", "error"), ("Emergency", "critical"), ("debug", "info"))),
        *(({"pipeline_id": "p", "duration_ms": 1}, "status", said, meant)
          for said, meant in (("Timeout", "failure"), ("true", "success"), ("queued", "running"),
                              ("SKIPPED", "cancelled"))),
        *(({"page": "/a", "user_id": "u"}, "action", said, meant)
          for said, meant in (("PageView", "page_view"), ("Viewed Page", "page_view"), ("$pageview", "page_view"),
                              ("page_leave", "page_leave"))),
        *(({"prompt_id": "p", "action": "run"}, "outcome", said, meant)
          for said, meant in (("fail", "failure"), ("completed", "success"))),
        *(({"user_id": "u", "csat_score": 3}, "sentiment", said, meant)
          for said, meant in (("thumbs_up", "positive"), ("👎", "negative"))),
    ],
)  # fmt: skip
def test_a_word_is_the_value_that_it_means(
    event: Event, row: dict[str, Any], column: str, said: str, meant: str
) -> None:
    assert event({"ts": [TIME], **{name: [value] for name, value in row.items()}, column: [said]})[column] == meant
