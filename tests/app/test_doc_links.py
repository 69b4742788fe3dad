"""README and the pages behind it: short enough, tied together, and naming nothing that is not there."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
from pydantic import BaseModel

from alerts.telling.credentials import NAMES, PREFIX
from app.guard import TOKEN
from metrics.settings import Settings
from tests.app.documents import DOCS, DOCUMENTS, ROOT, anchors, code, commands, content, links

LONGEST_README = 14_000
LARGEST_PICTURE = 200_000
SECTIONS = tuple(name for name, field in Settings.model_fields.items() if isinstance(field.default, BaseModel))
FILES = (".py", ".yaml")
# Spark names its own settings by a word that is a section here.
SPARKS_OWN = {"spark.cores.max", "spark.executor.memory"}


def target(document: str, link: str) -> tuple[str, str]:
    """The path that a link of a document leads to, from the root, and the heading."""
    path, _, heading = link.partition("#")
    whole = (ROOT / document).parent / path if path else ROOT / document
    return whole.resolve().relative_to(ROOT).as_posix(), heading


def settings(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """The name of every setting, and of every group of them."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings(field.annotation, f"{prefix}{name}.")


def test_the_readme_is_read_in_three_screens() -> None:
    assert len(content("README.md").encode()) <= LONGEST_README


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    found = [target(document, link) for link in links(document)]
    assert [path for path, _ in found if not (ROOT / path).exists()] == []
    assert [f"{path}#{heading}" for path, heading in found if heading and heading not in anchors(path)] == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, unread = set[str](), ["README.md"]
    while unread:
        document = unread.pop()
        if document not in reached and PurePosixPath(document).suffix == ".md":
            reached.add(document)
            unread += [path for path, _ in (target(document, link) for link in links(document))]
    assert set(DOCS) - reached == set()


def test_every_picture_is_shown_and_light() -> None:
    pictures = {path.relative_to(ROOT).as_posix(): path.stat().st_size for path in (ROOT / "docs").glob("*.png")}
    shown = {path for document in DOCUMENTS for path, _ in (target(document, link) for link in links(document))}
    assert pictures.keys() - shown == set()
    assert {path: size for path, size in pictures.items() if size > LARGEST_PICTURE} == {}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_named_in_documents_exist(document: str) -> None:
    groups = {"": {"--home", "--help"}, "alerts": set[str]()}
    known = {**groups, **commands()}
    for span in code(document):
        words = span.split()
        if words and PurePosixPath(words[0]).name == "promptpilot":
            typed = " ".join(words[1:])
            name = max((one for one in known if f"{typed} ".startswith(f"{one} ".lstrip())), key=len)
            rest = typed.removeprefix(name).strip()
            assert name not in groups or not rest or rest.startswith("-"), f"no such command: `{span}`"
            options = {word.strip("[]").split("=")[0] for word in words if word.strip("[]").startswith("--")}
            assert options - known[name] == set(), f"{name} has no such option: `{span}`"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_settings_named_in_documents_exist(document: str) -> None:
    written = re.compile(rf"(?:{'|'.join(SECTIONS)})\.[a-z_.]+")
    named = {found[0] for span in code(document) if (found := written.match(span)) and not found[0].endswith(FILES)}
    assert named - SPARKS_OWN - set(settings()) == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_variables_named_in_documents_exist(document: str) -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", content(document)))
    secrets = {TOKEN[0].removeprefix(PREFIX), *(name.upper() for name in NAMES)}
    known = secrets | {name.replace(".", "__").upper() for name in settings()}
    # Behind two underscores the secret of a contact point has the point's name.
    told = {name.removeprefix(PREFIX) for name in named}
    assert {name for name in told - known if name.partition("__")[0] not in known} == set()
