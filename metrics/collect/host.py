"""A sample of the machine that the collector runs on, as a `resource` event."""

import contextlib
import socket
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

_MB, _GB = 1e6, 1e9


def sample(home: Path, at: datetime) -> dict[str, Any]:
    """Of now: processors since the last sample, memory, the disk that the home is on, and open connections."""
    memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(home))
    event: dict[str, Any] = {
        "event": "resource",
        "ts": at.isoformat(),
        "host": socket.gethostname(),
        "cpu_percent": psutil.cpu_percent(),
        "cpu_cores": psutil.cpu_count(),
        "load_average": psutil.getloadavg()[0],
        "memory_used_mb": (memory.total - memory.available) / _MB,
        "memory_available_mb": memory.available / _MB,
        "storage_used_gb": disk.used / _GB,
        "storage_available_gb": disk.free / _GB,
    }
    with contextlib.suppress(psutil.Error, OSError):  # some systems tell only their administrator
        event["active_connections"] = sum(one.status == psutil.CONN_ESTABLISHED for one in psutil.net_connections())
    return event
