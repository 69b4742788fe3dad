"""What belongs together, and who has to know: alerts become incidents, and incidents notices?"""

from alerts.incidents.incident import Alert, Incident, Notice, NoticeKind, Silence, Status, Step

__all__ = ["Alert", "Incident", "Notice", "NoticeKind", "Silence", "Status", "Step"]
