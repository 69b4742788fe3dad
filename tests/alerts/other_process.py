"""Another process at work on the alert database: `python -m tests.alerts.other_process TASK ADDRESS ...`."""

import sys
from datetime import datetime

from alerts.acts import acknowledge
from alerts.store import Store
from tests.alerts.known import NOON, alert, incident, instance


def ready() -> None:
    """Say so, and wait for a line, or for ever."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()


def acknowledge_all(store: Store, who: str, at: datetime = NOON) -> None:
    """Acknowledge what is open, each incident in a transaction of its own."""
    ready()
    with store.reading() as book:
        incidents = book.incidents()
    for one in incidents:
        with store.writing() as book:
            acknowledge(book, one.id, who, at)


def write_and_wait(store: Store) -> None:
    """Write, and never come to the end of the transaction."""
    with store.writing() as book:
        book.save_incidents([incident()])
        book.save_instances([instance()])
        book.save_alerts([alert(incident=incident().id)])
        ready()


if __name__ == "__main__":
    task, address, *arguments = sys.argv[1:]
    {"acknowledge": acknowledge_all, "write and wait": write_and_wait}[task](Store(address), *arguments)
