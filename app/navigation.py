"""The pages there are, in the order of the menu. A page that is not built is not listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BRAND = Path(__file__).resolve().parent / "brand.svg"
ICON = Path(__file__).resolve().parent / "icon.svg"
"""Of the browser tab; a Material icon would be fetched from another host."""
PAGES_DIRECTORY = Path(__file__).resolve().parent.parent / "pages"


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the menu."""

    file: str
    title: str
    icon: str
    default: bool = False
    filtered: bool = True
    """Whether the filter bar says what it shows."""

    @property
    def path(self) -> Path:
        """Its script."""
        return PAGES_DIRECTORY / self.file


ENTRIES: Sequence[Entry] = (
    Entry("executive.py", "Executive", ":material/dashboard:", default=True),
    Entry("live.py", "Live", ":material/sensors:", filtered=False),
    Entry("performance.py", "Performance", ":material/speed:"),
    Entry("cost.py", "Cost", ":material/payments:"),
    Entry("behavior.py", "User behavior", ":material/route:"),
    Entry("health.py", "System health", ":material/monitor_heart:"),
    Entry("quality.py", "Quality & experience", ":material/star:"),
    Entry("alerts.py", "Alerts", ":material/notifications:", filtered=False),
    Entry("explore.py", "Explore", ":material/search:"),
    Entry("data.py", "Data", ":material/database:", filtered=False),
)
UNFILTERED = frozenset(entry.path.stem for entry in ENTRIES if not entry.filtered)
