"""Who is told, and how: a message, the channel it takes, and whether it arrived?"""

from alerts.telling.message import Message

__all__ = ["Message"]
