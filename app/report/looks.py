"""The style sheet of a report: that of the file beside this one, in the colors of the pages' own theme."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_THEME = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"
_SHEET = Path(__file__).with_name("report.css")
_VARIABLES: Mapping[str, str] = {
    "background": "backgroundColor",
    "raised": "secondaryBackgroundColor",
    "text": "textColor",
    "border": "borderColor",
    "accent": "primaryColor",
    "blue": "linkColor",
    "red": "redTextColor",
    "orange": "orangeTextColor",
    "green": "greenTextColor",
    "quiet": "grayTextColor",
}
"""Name in the style sheet, and setting of the theme."""


def stylesheet() -> str:
    """Light, dark where the reader's machine is dark, and light again on paper."""
    settings = tomllib.loads(_THEME.read_text(encoding="utf-8"))["theme"]
    light, dark = (_variables(settings[kind]) for kind in ("light", "dark"))
    paper = f"--paper: {settings['light']['backgroundColor']}; --ink: {settings['light']['textColor']};"
    return "\n".join(
        (
            f":root {{ color-scheme: light; {light} {paper} }}",
            f"@media screen and (prefers-color-scheme: dark) {{ :root {{ color-scheme: dark; {dark} }} }}",
            f"body {{ font-family: {settings['font']}; }}",
            _SHEET.read_text(encoding="utf-8"),
        )
    )


def _variables(colors: Mapping[str, Any]) -> str:
    return " ".join(f"--{name}: {colors[setting]};" for name, setting in _VARIABLES.items())
