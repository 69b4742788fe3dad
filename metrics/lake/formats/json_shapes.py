r"""Which objects of a JSON document are the rows: those of a list within pages and answers, of pandas' forms, traces.

{"data": [{…}, {…}], "has_more": false}          a page: the rows are its only list of objects
{"ts": {"0": …, "1": …}, "model": {…}}           pandas by column; {"0": {…}, "1": {…}} by row
{"stream": {…}, "values": [["…", "…"]]}          Loki: a row a line, with its time
{"columns": […], "index": […], "data": [[…]]}    pandas split
{"ts": […, …], "model": […, …]}                  a list a column
"{\"ts\": …}"                                    an object that was made JSON twice
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Any, cast

from metrics.events import KINDS
from metrics.events.rows import otlp, tracers
from metrics.events.values.converting import known_names
from metrics.lake.formats.json_values import NotJson, values_of

Object = dict[str, Any]

_PAGES = (
    "data", "results", "result", "records", "items", "logs", "events", "observations", "traces", "runs", "spans",
    "rows", "entries", "generations", "requests", "hits", "batch", "value", "values",
)  # fmt: skip
PAGES = frozenset(spelled for name in _PAGES for spelled in (name, name.capitalize()))
"""Keys under which a line of several is looked into."""
_SIGNALS = frozenset(("resourceSpans", "resourceLogs", "resourceMetrics"))
SPECIAL = PAGES | _SIGNALS | {"localEndpoint"}
"""Keys without which a line of several is a row as it is."""
OTHER_SIGNAL = "an OTLP document of metrics, which are sums; traces and logs hold events"
_OF_ONE = frozenset(
    ("usage", "model", "choices", "created", "start", "start_time", "starttime", "starting_at", "date", "day", "id",
     "trace_id", "key")
)  # fmt: skip
"""Keys, lower case, that an event has and a page has not; so have all the names of its time."""
_TIMELY = re.compile(r"time|date|_at$|At$|_ts$")
"""Other names of times: an event has them, and a page may."""
_DEEPEST = 4


@cache
def _times() -> frozenset[str]:
    return frozenset(name.lower() for kind in KINDS.values() for name in known_names(kind.by_name["ts"])) | _OF_ONE


def rows_of(value: Any, *, is_alone: bool) -> Iterator[Object]:
    """The rows of a JSON value; `is_alone`: it is all that the file holds, and may have any form.

    Raises:
        NotJson: it is no object.
    """
    if isinstance(value, str) and value.lstrip().startswith("{"):
        for written in _written(value):
            yield from rows_of(written, is_alone=is_alone)
    elif isinstance(value, dict):
        yield from _of_object(cast("Object", value), is_alone=is_alone)
    elif isinstance(value, list) and value and all(map(_is_span, cast("list[Any]", value))):
        yield from map(tracers.zipkin_span, cast("list[Object]", value))  # a list of traces, each a list of spans
    else:
        raise NotJson("not a JSON object")


def _of_object(document: Object, *, is_alone: bool) -> Iterator[Object]:
    if not is_alone and SPECIAL.isdisjoint(document):
        yield document
    elif otlp.is_traces(document):
        yield from otlp.spans(document)
    elif otlp.is_logs(document):
        yield from otlp.records(document)
    elif otlp.is_metrics(document):
        raise NotJson(OTHER_SIGNAL)
    elif tracers.is_jaeger(document):
        yield from tracers.jaeger_spans(document)
    elif tracers.is_zipkin(document):
        yield tracers.zipkin_span(document)
    else:
        yield from (_listed(document, is_alone) if not is_alone else _formed(document))


def _written(text: str) -> list[Any]:
    """The values of a text that is JSON itself."""
    try:
        return values_of(text)
    except NotJson as error:
        raise NotJson(f"a text within which is no JSON: {error}") from error


def _is_span(value: Any) -> bool:
    return isinstance(value, dict) and tracers.is_zipkin(cast("Object", value))


def _formed(document: Object) -> list[Object]:
    by_pandas = _of_pandas(document)
    return _listed(document, is_alone=True) if by_pandas is None else by_pandas


def _listed(document: Object, is_alone: bool) -> list[Object]:
    found = _page(document, is_alone)
    return [document] if found is None else list(chain.from_iterable(map(_entries, found)))


def _entries(row: Object) -> list[Object]:
    """The lines of a stream, as Loki's API lists them with their times."""
    lines = row.get("values") if row.keys() == {"stream", "values"} else None
    if not isinstance(lines, list) or not all(isinstance(line, list) and len(line) > 1 for line in lines):
        return [row]
    return [{"labels": row["stream"], "timestamp": line[0], "line": line[1]} for line in cast("list[list[Any]]", lines)]


def _page(document: Object, is_alone: bool, depth: int = 0) -> list[Object] | None:
    """The only list of objects of a page; None where it is none."""
    if depth > _DEEPEST or any(key.lower() in _times() for key in document):
        return None
    lists = {key: cast("list[Any]", value) for key, value in document.items() if isinstance(value, list)}
    full = [(key, value) for key, value in lists.items() if value and all(isinstance(item, dict) for item in value)]
    if len(full) == 1 and (full[0][0] in PAGES or (is_alone and not any(map(_TIMELY.search, document)))):
        return full[0][1]
    if any(not lists[key] for key in lists.keys() & PAGES) and not full:
        return []
    inner = [cast("Object", value) for value in document.values() if isinstance(value, dict)]
    pages = [page for one in inner if (page := _page(one, is_alone, depth + 1)) is not None]
    return pages[0] if is_alone and not full and len(pages) == 1 else None


def _of_pandas(document: Object) -> list[Object] | None:
    values = list(document.values())
    if document.keys() >= {"columns", "data"} and isinstance(document["data"], list):
        names = document["columns"]
        if isinstance(names, list) and all(isinstance(row, list) for row in document["data"]):
            return [dict(zip(map(str, cast("list[Any]", names)), row, strict=False)) for row in document["data"]]
    if values and all(isinstance(value, dict) for value in values):
        return _of_dicts(cast("Mapping[str, Object]", document))
    if len(values) > 1 and all(isinstance(value, list) for value in values):
        columns = cast("Mapping[str, list[Any]]", document)
        lengths = {len(column) for column in columns.values()}
        holds_objects = any(isinstance(item, dict) for column in columns.values() for item in column)
        if len(lengths) == 1 and not holds_objects:
            return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return None


def _of_dicts(document: Mapping[str, Object]) -> list[Object] | None:
    """Objects by number are rows; columns whose values stand by number, the same in each, are turned."""
    if all(key.isdigit() for key in document):
        return list(document.values())
    first = next(iter(document.values()))
    if first and all(key.isdigit() for key in first) and all(one.keys() == first.keys() for one in document.values()):
        return [{name: column[number] for name, column in document.items()} for number in first]
    return None
