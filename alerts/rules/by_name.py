"""One rule of many: where it stands, whether it can be used or not, and what is wrong with it alone."""

from collections.abc import Iterator, Mapping, Sequence

from metrics.events.entries import Document, NotYaml, Problem


def places(name: str, texts: Mapping[str, str]) -> Iterator[tuple[str, range]]:
    """The files that hold a rule of an id, and the lines of it; files that are no YAML hold none."""
    for file, text in texts.items():
        try:
            document = Document.of(text, file)
        except NotYaml:
            continue
        whole = range(1, len(text.splitlines()) + 2)
        if _is(document.value, name):
            yield file, whole
        if isinstance(document.value, list):
            begins = [document.line((number,)) for number in range(len(document.value))]
            for number, given in enumerate(document.value):
                if _is(given, name):
                    yield file, range(begins[number], [*begins, whole.stop][number + 1])


def problems_of(name: str, problems: Sequence[Problem], texts: Mapping[str, str]) -> tuple[Problem, ...]:
    """Those of the problems that are of a rule, by its id."""
    lines = list(places(name, texts))
    return tuple(one for one in problems if any(one.file == file and one.line in within for file, within in lines))


def _is(given: object, name: str) -> bool:
    return isinstance(given, dict) and given.get("id") == name
