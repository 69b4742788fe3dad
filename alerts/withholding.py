"""Why nobody is told of an incident, where that is no silence's and no rule's doing."""

NO_CHANNEL = "no channel is set up"
WAITING = "waits for the digest"
"""P3, until the time of day at which the digest is sent."""
UNSEEN = "began and ended while nobody was there to see it"
