"""Every color, dash and height of the pages; no other file of the user interface names one.

Each color has a second carrier: a dash, a width, an icon or a word.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Stroke:
    """How a line is drawn."""

    color: str
    width: float = 2
    dash: str = "solid"

    @property
    def line(self) -> dict[str, str | float]:
        """In Plotly's words."""
        return {"color": self.color, "width": self.width, "dash": self.dash}


PERCENTILES: Mapping[str, Stroke] = {
    "p50": Stroke("#10B981", 2, "solid"),
    "p75": Stroke("#0D9488", 1.5, "dash"),
    "p90": Stroke("#0891B2", 1.5, "dash"),
    "p95": Stroke("#F59E0B", 2.75, "solid"),
    "p99": Stroke("#EF4444", 1.75, "5px,3px"),
}
"""Percentiles of a response time."""

OBJECTIVE = Stroke("#DC2626", 1.5, "9px,5px")
"""The line of a service-level objective."""

PREVIOUS_DASH = "1px,4px"
"""Dash of the same line one period earlier."""

PLAIN = Stroke("#2563EB", 2)
"""A single series without a meaning of its own."""

GROWTH = Stroke("#2563EB", 2.25)
ARRIVALS = "#93B4F0"
"""Daily active users, and bars of new users behind them."""

FILLING = 0.45
"""Opacity of a bar whose day or hour is not over."""

QUIET = "#8A94A6"
"""Axis marks, legends and lines of what is only context; readable on both backgrounds."""
TEXT = "#111827"
"""Dark writing that lies on marks."""
INK = "#000037"
"""Writing beside marks, where the gray of axes cannot be read: Streamlit puts the color of the page in its place. On an
open page that is turned from light to dark, `page.css` does."""
GRID = "rgba(138, 148, 166, 0.18)"
SPARKLINE = "#7C8698"
"""Gray that is seen on light and on dark."""
TRANSPARENT = "rgba(0, 0, 0, 0)"

ERROR_RATE_STEPS: tuple[tuple[float, str, str], ...] = (
    (5.0, "#DC2626", "over 5 %"),
    (2.0, "#F59E0B", "over 2 %"),
    (0.0, "#10B981", "up to 2 %"),
)
"""Heat map: exclusive lower limit in percent, color, words; from the worst down."""
NO_ERRORS = ("rgba(138, 148, 166, 0.22)", "none")
"""Heat map: color and words of an error rate of exactly 0. On white it is #E5E7EB, and on a dark page as quiet: what
is well must not be the brightest thing there, also when an open page is turned."""

VOLUME_STEPS: tuple[tuple[float, str, str, str], ...] = (
    (1.5, "#1E3A8A", "#DBEAFE", "over 1½ × usual"),
    (0.75, "#3B82F6", "#60A5FA", "usual"),
    (0.25, "#93B4F0", "#2F5FA8", "¼ to ¾ of usual"),
    (0.0, "#DBE7FB", "#1C3557", "under ¼ of usual"),
)
"""Volume of events: exclusive lower limit as a share of what is usual, color on light and on dark, words; from the
most down. What has no events has a cross."""

CHANGES: Mapping[str, tuple[str, str]] = {
    "incident": ("#DC2626", "x"),
    "deployment": ("#6366F1", "triangle-down"),
    "config": ("#0891B2", "diamond"),
    "maintenance": ("#8A94A6", "square"),
    "price": ("#D97706", "circle"),
}
"""Marks of `change` events, and of prices that changed: color and symbol by type."""
DEARER, CHEAPER = "#D97706", "#0D9488"
"""Parts of a difference in cost."""
SPAN: Mapping[bool, float] = {False: 0.08, True: 0.22}
"""Opacity of how long a change lasted, on a light and on a dark page: there, a faint red is nearly black."""

KNOWN_GROUPS: Mapping[str, str] = {
    "openai": "#0D9488",
    "anthropic": "#D97706",
    "google": "#2563EB",
    "azure": "#0891B2",
    "mistral": "#DB2777",
    "cohere": "#9333EA",
    "(other)": "#94A3B8",
    "(none)": "#64748B",
}
"""Colors of names that people expect to find again."""
PALETTE = ("#2563EB", "#0D9488", "#D97706", "#9333EA", "#DB2777", "#65A30D", "#0891B2", "#64748B")
PATTERNS = ("", "/", "\\", "x", "-", "|", "+", ".")
"""Fillings of stacked bars, so that neighbors differ without color."""
PATTERN_COLOR = "rgba(255, 255, 255, 0.55)"
DASHES = ("solid", "6px,3px", "2px,3px", "9px,3px,2px,3px")


class Level(StrEnum):
    """How a figure stands against its objective."""

    OK = "OK"
    WARNING = "Warning"
    CRITICAL = "Critical"
    NO_DATA = "No data"


@dataclass(frozen=True, slots=True)
class Look:
    """Icon and named color of a level; the word is the level itself."""

    icon: str
    color: str


LEVELS: Mapping[Level, Look] = {
    Level.OK: Look(":material/check_circle:", "green"),
    Level.WARNING: Look(":material/warning:", "orange"),
    Level.CRITICAL: Look(":material/error:", "red"),
    Level.NO_DATA: Look(":material/help:", "gray"),
}

SEVERITIES: Mapping[str, Look] = {
    "critical": Look(":material/error:", "red"),
    "error": Look(":material/report:", "red"),
    "warning": Look(":material/warning:", "orange"),
    "info": Look(":material/info:", "blue"),
    "down": Look(":material/cancel:", "red"),
    "degraded": Look(":material/warning:", "orange"),
}
"""Icon and color of an issue by its severity or a component's status."""

GOOD, FAIR, POOR = "#10B981", "#F59E0B", "#DC2626"
"""Three steps from well to bad; always beside a word or a pattern."""
LIVE: Mapping[str, str] = {
    "good": GOOD, "fair": FAIR, "bad": POOR, "bad-text": "light-dark(#B91C1C, #F87171)", "quiet": QUIET,
    "quiet-text": "light-dark(#5B6472, #A3ADBD)", "line": "#3B82F6",
}  # fmt: skip
"""Colors of the live page, by the names that its style sheet has for them."""
RATINGS: tuple[tuple[str, str, str], ...] = (
    ("good", GOOD, ""),
    ("needs_improvement", FAIR, "/"),
    ("poor", POOR, "x"),
)
"""Share of a web vital's ratings: column, color, pattern."""
SCORE_BANDS: tuple[tuple[str, float, str], ...] = (
    ("excellent", 90, "#10B981"),
    ("good", 75, "#0891B2"),
    ("average", 50, "#F59E0B"),
    ("poor", 0, "#DC2626"),
)
"""Bands of a quality score: name, lower limit, color."""
UPTIME_STEPS: tuple[tuple[float, str, str], ...] = (
    (100.0, "#10B981", "100 %"),
    (99.9, "#84CC16", "from 99.9 %"),
    (99.0, "#F59E0B", "from 99 %"),
    (0.0, "#DC2626", "under 99 %"),
)
"""A day's uptime: lower limit in percent, color, words; from the best down."""
UPTIME_MARKS: Mapping[int, str] = {1: "×", 2: "–"}
"""What is written on a day of the worst steps, counted from the worst."""
UNKNOWN = "rgba(138, 148, 166, 0.30)"
"""What nobody looked at."""
SHARES: tuple[tuple[float, str], ...] = ((0.0, "#F2F6FE"), (0.25, "#C2D4F9"), (0.6, "#789EF1"), (1.0, "#306CEC"))
SHARES_ON_DARK: tuple[tuple[float, str], ...] = (
    (0.0, "#16202F"), (0.25, "#152C5A"), (0.6, "#1D459C"), (1.0, "#3B82F6"),
)  # fmt: skip
"""A share from none to all. Opaque, because the writing in a cell is chosen by the cell's own color."""
PROJECTION = Stroke("#2563EB", 2, "6px,4px")
PROJECTION_BAND = "rgba(37, 99, 235, 0.16)"
SERIES: tuple[Stroke, ...] = (
    Stroke("#2563EB", 2.25, "solid"),
    Stroke("#0D9488", 2, "7px,3px"),
    Stroke("#D97706", 2, "2px,3px"),
    Stroke("#9333EA", 2, "9px,3px,2px,3px"),
    Stroke("#DB2777", 2, "4px,4px"),
)
"""Lines of several metrics in one figure."""
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "pentagon", "star", "cross")
LINK_OPACITY = 0.38
LEAVING = "rgba(138, 148, 166, 0.22)"
"""The way out of the product."""

STATUSES: Mapping[str, Look] = {
    "healthy": Look(":material/check_circle:", "green"),
    "degraded": Look(":material/warning:", "orange"),
    "down": Look(":material/cancel:", "red"),
    "unknown": Look(":material/help:", "gray"),
}
"""Icon and color of a component's status."""

PRIORITIES: Mapping[str, Look] = {
    "P0": Look(":material/error:", "red"),
    "P1": Look(":material/warning:", "orange"),
    "P2": Look(":material/info:", "blue"),
    "P3": Look(":material/low_priority:", "gray"),
}
"""Icon and color of an alert's priority; the letter and digit stand beside them."""
PRIORITY_WORDS: Mapping[str, str] = {"P0": "critical", "P1": "high", "P2": "medium", "P3": "low"}
PRIORITY_BARS: Mapping[str, tuple[str, str]] = {
    "P0": ("#DC2626", ""), "P1": ("#D97706", "/"), "P2": ("#2563EB", "x"), "P3": ("#8A94A6", "."),
}  # fmt: skip
"""Color and pattern of an incident by its priority; each has rows of its own, too."""
STANDINGS: Mapping[str, Look] = {
    "firing": Look(":material/notifications_active:", "red"),
    "pending": Look(":material/hourglass_top:", "orange"),
    "acknowledged": Look(":material/how_to_reg:", "blue"),
    "silenced": Look(":material/notifications_off:", "gray"),
    "flapping": Look(":material/swap_vert:", "orange"),
    "resolved": Look(":material/check_circle:", "green"),
    "ok": Look(":material/check_circle:", "green"),
    "holiday": Look(":material/event_busy:", "gray"),
    "too few": Look(":material/help:", "gray"),
    "no data": Look(":material/help:", "gray"),
    "off": Look(":material/block:", "gray"),
}
"""Icon and color of where a rule, an alert or an incident stands."""
STANDING_SIGNS: Mapping[str, str] = {
    "firing": "▲ firing", "pending": "◔ pending", "ok": "✓ ok", "holiday": "– holiday",
    "too few": "? too few", "no data": "? no data", "off": "– off",
}  # fmt: skip
"""The same in a table's cell."""
STEPS: Mapping[str, Look] = {
    "breach": Look(":material/trending_up:", "orange"),
    "pending": Look(":material/hourglass_top:", "orange"),
    "cleared": Look(":material/undo:", "gray"),
    "firing": Look(":material/notifications_active:", "red"),
    "joined": Look(":material/add_alert:", "red"),
    "withheld": Look(":material/notifications_off:", "gray"),
    "told": Look(":material/send:", "blue"),
    "failed": Look(":material/sms_failed:", "red"),
    "acknowledged": Look(":material/how_to_reg:", "violet"),
    "escalated": Look(":material/priority_high:", "red"),
    "silenced": Look(":material/notifications_paused:", "gray"),
    "resolved": Look(":material/check_circle:", "green"),
    "note": Look(":material/notes:", "gray"),
}
"""Icon and color of an entry of an incident's timeline; its kind stands beside them."""
WATCHED = Stroke("#2563EB", 1.75)
THRESHOLD = Stroke("#DC2626", 1.5, "6px,4px")
BAND = "rgba(37, 99, 235, 0.12)"
"""What a learned band calls usual."""
FIRING_SPAN, PENDING_SPAN = "#DC2626", "#F59E0B"
SPAN_OPACITY: Mapping[str, float] = {"firing": 0.16, "pending": 0.12}
MOMENTS: Mapping[str, tuple[str, str]] = {
    "breach": ("#D97706", "triangle-up-open"),
    "firing": ("#DC2626", "triangle-up"),
    "told": ("#2563EB", "circle"),
    "failed": ("#DC2626", "x"),
    "acknowledged": ("#7C3AED", "diamond"),
    "escalated": ("#DB2777", "star"),
    "silenced": ("#64748B", "square"),
    "resolved": ("#059669", "circle-open"),
}
"""Color and symbol of what happened to an incident, over its series."""
NOISE: Mapping[str, tuple[str, str, str]] = {
    "fired": ("fired", "#B9C4D6", ""),
    "acknowledged": ("acknowledged", "#2563EB", "x"),
    "short": ("over within 5 min by themselves", "#D97706", "/"),
}
"""What a rule asked of people: words, color, pattern."""
TRACE_STEPS: Mapping[str, tuple[str, str]] = {
    "LLM call": ("#2563EB", ""),
    "step": ("#94A3B8", ""),
    "failed": ("#DC2626", "/"),
}
"""A step of a trace: color, pattern."""
FIRST_TOKEN = ("#F59E0B", "line-ns-open")
"""Color and symbol of when an answer began to come."""
SPARK_HEIGHT = 76

TALL_CHART_HEIGHT = 370
CHART_HEIGHT = 272
SMALL_CHART_HEIGHT = 190
ROW_HEIGHT = 36
EVENT_ROW_HEIGHT = 50
"""Heights in pixels."""


def faint(color: str, opacity: float) -> str:
    """A color of six hexadecimal digits, let through."""
    red, green, blue = (int(color[index : index + 2], 16) for index in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def writing_on(color: str) -> str:
    """The color of writing that is read best on a color of six hexadecimal digits."""
    channels = (int(color[index : index + 2], 16) / 255 for index in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    # Relative luminance; at 0.18 black and white stand out equally (WCAG 2.2).
    return TEXT if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 else "#FFFFFF"


def group_colors(names: Iterable[str]) -> dict[str, str]:
    """A color a name, the same in every chart of the same names: known ones first, then the palette in order."""
    ordered = sorted(set(names))
    taken = {KNOWN_GROUPS[name] for name in ordered if name in KNOWN_GROUPS}
    free = [color for color in PALETTE if color not in taken] or list(PALETTE)
    strangers = [name for name in ordered if name not in KNOWN_GROUPS]
    drawn = {name: free[index % len(free)] for index, name in enumerate(strangers)}
    return {name: KNOWN_GROUPS.get(name) or drawn[name] for name in ordered}
