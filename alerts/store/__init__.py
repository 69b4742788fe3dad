"""What is remembered of rules, alerts, incidents, silences and messages?"""

from alerts.store.database import Store, StoreUnavailable

__all__ = ["Store", "StoreUnavailable"]
