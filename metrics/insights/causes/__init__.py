"""What lies behind a change of a metric: where it is, what moved with it, what was changed before.

locating (where) ─┐
moving (who was first) ─┼─► asking (`explain`) ─► words (sentences)
changing (what is new) ─┘
"""

from metrics.insights.causes.asking import explain
from metrics.insights.causes.model import Causes, Changed, Moved, Where

__all__ = ["Causes", "Changed", "Moved", "Where", "explain"]
