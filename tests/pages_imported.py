"""Imports, once for all processes that are forked from the one that does, what those that serve pages import."""

import logging
from importlib import import_module
from pkgutil import walk_packages

logging.disable(logging.WARNING)  # functions that are kept say that there is no runtime yet
_SERVER = import_module("app.server")
for _name in _SERVER.PRELOADED:
    for _module in walk_packages(getattr(import_module(_name), "__path__", ()), f"{_name}."):
        import_module(_module.name)
import_module("uvicorn.main")
logging.disable(logging.NOTSET)
