"""What could be saved, in dollars a month, and what was saved since: from one's own events alone.

finding (what is wasted now, and before) ─► measuring (what of that fell) ─► asking (`savings`)
"""

from metrics.insights.savings.asking import savings
from metrics.insights.savings.model import Kind, Saved, Saving, Savings

__all__ = ["Kind", "Saved", "Saving", "Savings", "savings"]
