"""Raw events as a file: written piece by piece, sent piece by piece, and gone afterwards."""

import os
from pathlib import Path
from tempfile import mkstemp
from typing import get_args

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from app.queries.asking import shown
from app.source import source
from app.state import View, parse_query
from metrics.engine import EngineError
from metrics.engine.export import Form
from metrics.events import KINDS

PATH = "/export/{kind}.{form}"
_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


async def export(request: Request) -> Response:
    """Events of a kind, of the range and filters in the query; 404 for another kind or form, 400 for a filter amiss."""
    kind, form = request.path_params["kind"], request.path_params["form"]
    if kind not in KINDS or form not in get_args(Form):
        return PlainTextResponse("there is no such export\n", status_code=404)
    parsed = parse_query(request.url.query, source().settings.timezone)
    if parsed.notes:  # events that were not asked for must not be taken for those that were
        return PlainTextResponse("\n".join(parsed.notes) + "\n", status_code=400)
    try:
        path = await run_in_threadpool(_written, kind, form, parsed.view)
    except EngineError as error:
        return PlainTextResponse(f"{error}\n", status_code=400)
    return FileResponse(
        path,
        media_type=_TYPES[form],
        filename=f"{kind}.{form}",
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(path.unlink, missing_ok=True),
    )


def _written(kind: str, form: Form, view: View) -> Path:
    handle, name = mkstemp(prefix="promptpilot-", suffix=f".{form}")
    path = Path(name)
    os.close(handle)
    try:
        source().engine.export(kind, shown(view).window, view.filters, path, form)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path
