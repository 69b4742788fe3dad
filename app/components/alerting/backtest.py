"""placeholder"""

from alerts.rules import AlertRule
from app.state import View


def panel(rule: AlertRule | None, view: View) -> None:
    """Placeholder"""
