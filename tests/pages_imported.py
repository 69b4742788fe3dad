"""Imports, once for all processes that are forked from the one that does, what those that serve pages import."""

import logging
from importlib import import_module

logging.disable(logging.WARNING)  # functions that are kept say that there is no runtime yet
_SERVER = import_module("app.server")
for _name in _SERVER.PRELOADED:
    _SERVER.import_whole(_name)
import_module("uvicorn.main")
logging.disable(logging.NOTSET)
