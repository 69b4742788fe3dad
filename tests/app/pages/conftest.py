"""Pages run whole, through the entry script, with the engine of the test."""

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from app import source
from app.navigation import PAGES_DIRECTORY
from tests.app.fake import FakeEngine, fake_source
from tests.patience import TIMEOUT

MAIN = PAGES_DIRECTORY.parent / "app" / "main.py"
Shown = Callable[..., AppTest]


@pytest.fixture
def shown() -> Iterator[Shown]:
    """Run a page over an engine, with query parameters."""

    def run(page: str = "executive.py", engine: FakeEngine | None = None, **params: str | list[str]) -> AppTest:
        source.connect_through(fake_source(engine))
        test = AppTest.from_file(MAIN, default_timeout=TIMEOUT)
        for key, value in params.items():
            test.query_params[key] = value
        test.run()
        if page != "executive.py":
            test.switch_page(str(PAGES_DIRECTORY / page)).run()
        return test

    yield run
    source.connect_through(None)
