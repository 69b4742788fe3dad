"""Is it wrong now: from a metric's series to the state of every instance of a rule?"""

from alerts.judging.instance import Instance, Key, Labels, State, Transition, TransitionKind, Verdict

__all__ = ["Instance", "Key", "Labels", "State", "Transition", "TransitionKind", "Verdict"]
