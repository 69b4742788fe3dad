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
    about: str
    """What it is, in two sentences."""
    default: bool = False
    filtered: bool = True
    """Whether the filter bar says what it shows."""

    @property
    def path(self) -> Path:
        """Its script."""
        return PAGES_DIRECTORY / self.file


ENTRIES: Sequence[Entry] = (
    Entry(
        "executive.py",
        "Executive",
        ":material/dashboard:",
        "Whether the product is up, used, fast and affordable, against the period before. For whoever has one minute.",
        default=True,
    ),
    Entry(
        "live.py",
        "Live",
        ":material/sensors:",
        "What happens just now: figures of the last minute as they move, and events as they come. "
        "For whoever has just deployed, or mends something.",
        filtered=False,
    ),
    Entry(
        "performance.py",
        "Performance",
        ":material/speed:",
        "Where and when the product is slow or failing: response times, errors by endpoint, and the hosts beneath. "
        "For whoever is on call.",
    ),
    Entry(
        "cost.py",
        "Cost",
        ":material/payments:",
        "What is spent on which provider, feature, model and user, and what the month will come to. "
        "For finance, and for whoever chose the model.",
    ),
    Entry(
        "behavior.py",
        "User behavior",
        ":material/route:",
        "Who comes, which ways they take through the pages, and who comes back. For whoever decides what is built.",
    ),
    Entry(
        "health.py",
        "System health",
        ":material/monitor_heart:",
        "What is up, what was promised and whether it is kept, and what is being mended. For whoever is on call.",
    ),
    Entry(
        "quality.py",
        "Quality & experience",
        ":material/star:",
        "How good the answers are, what people say of them, and how fast pages feel. "
        "For whoever decides what is built.",
    ),
    Entry(
        "insights.py",
        "Insights",
        ":material/lightbulb:",
        "What is unlike what was to be expected, where figures are heading and when they reach a limit. "
        "It says how often it was wrong.",
    ),
    Entry(
        "alerts.py",
        "Alerts",
        ":material/notifications:",
        "What is wrong right now, since when, and who is on it. "
        "Rules are written, tried over history and switched on here as well.",
        filtered=False,
    ),
    Entry(
        "explore.py",
        "Explore",
        ":material/search:",
        "Any metric by anything, and the events behind it. For a question that no other page asks.",
    ),
    Entry(
        "boards.py",
        "Boards",
        ":material/dashboard_customize:",
        "Figures that somebody chose from any page, side by side. For a team's own view of what it answers for.",
    ),
    Entry(
        "data.py",
        "Data",
        ":material/database:",
        "What came in, what was rejected and why, and where events are missing. "
        "Files are added here, and unknown columns mapped.",
        filtered=False,
    ),
)
UNFILTERED = frozenset(entry.path.stem for entry in ENTRIES if not entry.filtered)
ABOUT = {entry.title: entry.about for entry in ENTRIES}
"""What each page is, by its title."""
