"""Who is to hear of what, and what keeps quiet meanwhile: matchers, teams, routes, inhibitions."""

from alerts.policy.labels import labels_of, only
from alerts.policy.matchers import Matcher, matches
from alerts.policy.tree import Inhibition, Policy, Route, Way

__all__ = ["Inhibition", "Matcher", "Policy", "Route", "Way", "labels_of", "matches", "only"]
