"""A browser, and the pages over the samples of real events."""

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.app.command_line import CommandLine, command_line
from tests.e2e.visit import Visit, visiting
from tests.patience import patience
from tests.serving import running_web

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")


@pytest.fixture(scope="package")
def browser(chromium: str | None) -> Generator[Browser]:
    """One browser for all visits; what is expected of its pages is given the time that this machine needs.

    It ends with the last of them: meanwhile Playwright's loop runs in this thread, and no other test could begin one.
    """
    expect.set_options(timeout=patience())
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def address(real_home: Path) -> Generator[str]:
    """Where the pages over the samples are."""
    with running_web(real_home) as told:
        yield told


@pytest.fixture
def visit(browser: Browser, address: str) -> Generator[Visit]:
    """A visitor of the pages over the samples."""
    with visiting(browser, address) as one:
        yield one


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    """The command line, in this process."""
    return command_line(capfdbinary)
