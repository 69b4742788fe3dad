"""Take the pictures of `docs/` anew, from the demo home: `make pictures`, then look at every one of them.

Names (`make pictures ARGS=cost`) take these alone.
"""

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import ViewportSize, expect, sync_playwright

from app.demo.making import make_demo
from app.navigation import UNFILTERED
from metrics.settings import Settings
from tests.app.documents import section
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.visit import PATHS, Visit, visiting
from tests.patience import patience
from tests.serving import free_collector_ports, free_port, running_up

DOCS = Path(__file__).resolve().parents[2] / "docs"
SIZE: ViewportSize = {"width": 1400, "height": 1260}
PICTURES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    **{name: (name, {} if name in UNFILTERED else {"range": "7d"}) for name in PATHS},
    "alerts-history": ("alerts", {"show": "History", "range": "30d"}),
}
"""By the name of each file: the page, and what its address says; a week has its shape, and incidents planted in it."""
COLORS = 256
"""Of a picture: fewer than a browser draws, and as many as one can tell apart on a dashboard."""
_AT_REST = """() => !document.querySelector('[data-stale="true"], [data-testid="stStatusWidget"]')
  && document.getAnimations().every(one => one.playState !== 'running' || !one.effect.getComputedTiming().endTime
    || one.effect.getComputedTiming().iterations === Infinity)"""
FILLED = 10
"""Events that a tail holds before its picture is taken."""
_NOT_LIVE = ".live:not([data-state='live'])"
_END = """() => Math.max(...[...document.querySelectorAll('[data-testid="stMain"] [data-testid="stElementContainer"]')]
  .map(element => element.getBoundingClientRect().bottom))"""
_SAY_DATA = "(shown, home) => shown.forEach(one => one.innerHTML = one.innerHTML.replaceAll(home, 'data'))"
"""The home that everybody has, in the place of one that is gone when the picture is seen."""


def main() -> None:
    """Make a demo home, start the program over it, and keep one picture a page."""
    with TemporaryDirectory() as directory:
        home, port = Path(directory), free_port()
        make_demo(Settings(home=home), lambda: datetime.now(UTC))
        (home / "boards").mkdir()
        (home / "boards" / "on-call.yaml").write_text(section("docs/boards.md", "board"), encoding="utf-8")
        with running_up(home, port, free_collector_ports(), demo=True), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM") or None, args=ARGUMENTS)
            for name in sys.argv[1:] or PICTURES:
                entry, parameters = PICTURES[name]
                with visiting(browser, f"http://127.0.0.1:{port}", SIZE) as visit:
                    visit.open(entry, **parameters)
                    take(visit, DOCS / f"{name}.png", home)
            browser.close()


def take(visit: Visit, picture: Path, home: Path) -> None:
    """Keep what is seen of an open page, once what is live on it has something to show."""
    if urlsplit(visit.page.url).path == f"/{PATHS['live']}":
        visit.page.locator(".live-event").nth(FILLED - 1).wait_for(timeout=patience())
        expect(visit.page.locator(".live-value", has_text="–")).to_have_count(0, timeout=patience())
    expect(visit.page.locator(_NOT_LIVE)).to_have_count(0, timeout=patience())
    visit.page.get_by_text(str(home)).evaluate_all(_SAY_DATA, str(home))
    height = min(SIZE["height"], int(visit.page.evaluate(_END)) + 24)
    rested = False
    while not rested:  # parts of a page refresh themselves, and fade meanwhile
        visit.page.wait_for_function(_AT_REST)
        visit.page.screenshot(path=picture, clip={"x": 0, "y": 0, "width": SIZE["width"], "height": height})
        rested = bool(visit.page.evaluate(_AT_REST))
    with Image.open(picture) as drawn:
        drawn.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(picture, optimize=True)
    sys.stdout.write(f"{picture.name}: {picture.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
