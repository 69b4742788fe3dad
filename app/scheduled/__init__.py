"""Which page is sent to whom, when, and was it? Scheduled reports as they stand in a home, and how they are sent."""

from app.scheduled.model import Scheduled
from app.scheduled.reading import FILE_NAME, read, scheduled_of

__all__ = ["FILE_NAME", "Scheduled", "read", "scheduled_of"]
