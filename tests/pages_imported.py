"""Imports, once for all processes that are forked from the one that does, what those import that serve pages.

And those that make reports of them, or keep the lake in order beside them.
"""

import logging
from functools import cache
from importlib import import_module

from streamlit.components.v2 import manifest_scanner

logging.disable(logging.WARNING)  # functions that are kept say that there is no runtime yet
_SERVER = import_module("app.server")
for _name in _SERVER.PRELOADED:
    _SERVER.import_whole(_name)
_BESIDE = ("uvicorn.main", "app.sidecar", "app.cli", "app.commands.report", "app.report.making", "streamlit.testing.v1")
for _name in _BESIDE:
    import_module(_name)
# Both look through all installed packages for components when they start.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
manifest_scanner.scan_component_manifests()
logging.disable(logging.NOTSET)
