"""The rules of the house that can be read off the tree itself."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("metrics", "alerts", "app", "pages")
TOP_LEVEL = {
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "pyproject.toml",
    "requirements.lock", "requirements-dev.lock", "requirements-spark.lock", ".gitignore", ".ci", ".streamlit",
    "alerts", "app", "benchmarks", "data", "deploy", "docs", "metrics", "pages", "tests",
}  # fmt: skip
DATA_LIBRARIES = {"pandas", "polars", "duckdb", "deltalake", "pyarrow", "numpy", "sqlglot"}
NOUNS_OF_NOTHING = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
LONGEST_MODULE = 400
LONGEST_PAGE = 80
COPIED = Path("metrics/collect/emitter.py")
"""Whoever copies it wants one file."""
NEED_A_PROGRAM = {
    Path("tests/alerts/judging/test_promtool.py"), Path("tests/app/test_exposition.py"), Path("tests/test_deploy.py"),
    Path("tests/conftest.py"),
}  # fmt: skip
"""Tests that hold the house against a foreign program, where that is installed."""


def tracked() -> list[Path]:
    """Files that are part of the project, relative to its root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    return [Path(name) for name in listed if (ROOT / name).is_file()]


def modules(*rooms: str) -> Iterator[Path]:
    """Python files below those directories."""
    for room in rooms:
        yield from sorted(path.relative_to(ROOT) for path in (ROOT / room).rglob("*.py"))


def imports(module: Path) -> set[str]:
    """Names of all modules imported anywhere in a module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                found |= {name.name for name in names}
            case ast.ImportFrom(module=str(name)):
                found.add(name)
            case _:
                pass
    return found


def text_files() -> Iterator[tuple[Path, str]]:
    """Every text file of the project with its content, this one left out: it holds what it looks for."""
    for path in tracked():
        if path != Path(__file__).relative_to(ROOT):
            try:
                yield path, (ROOT / path).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def test_the_top_level_holds_what_the_map_names() -> None:
    assert {path.parts[0] for path in tracked()} - TOP_LEVEL == set()


@pytest.mark.parametrize("page", list(modules("pages")), ids=str)
def test_a_page_asks_and_draws_but_computes_nothing(page: Path) -> None:
    assert {name.split(".")[0] for name in imports(page)} & DATA_LIBRARIES == set()
    assert len((ROOT / page).read_text(encoding="utf-8").splitlines()) <= LONGEST_PAGE


def test_only_the_catalog_and_the_engine_write_sql() -> None:
    pattern = re.compile(r"\bSELECT\b.+\bFROM\b", re.DOTALL)
    strings = [
        path
        for path in modules("app", "pages")
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.search(node.value)
    ]
    assert strings == []


def test_polars_runs_no_python_where_many_are_answered() -> None:
    # Polars' threads would wait for the interpreter, which waits for them in whoever keeps an answer meanwhile.
    asking = re.compile(r"\.map_(elements|batches|groups|columns)\(")
    assert [path for path in modules("app", "pages", "alerts") if asking.search((ROOT / path).read_text("utf-8"))] == []


def test_no_module_is_named_for_nothing() -> None:
    assert [path for path in tracked() if path.suffix == ".py" and path.stem in NOUNS_OF_NOTHING] == []


def test_no_module_of_the_app_hides_a_package() -> None:
    assert {path.stem for path in (ROOT / "app").glob("*.py")} & {"data", "metrics", "alerts", "pages"} == set()


def test_modules_hold_one_idea() -> None:
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in modules(*ROOMS)}
    assert {path for path, length in lengths.items() if length > LONGEST_MODULE} == {COPIED}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path for path in modules(*ROOMS) if not ast.get_docstring(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    ]
    assert silent == []


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(r"\bTODO\b|\bFIXME\b|\bXXX\b", id="unfinished work"),
        pytest.param(r"(?<![\w/.])/(?:work|root|home|Users|opt|tmp/env)/", id="paths of one machine"),
        pytest.param(r"--(?:extra-)?index-url|--find-links|pypi\.org/simple|registry\.npmjs", id="package registries"),
        pytest.param(r"\b(?:AKIA[0-9A-Z]{16}|xox[abp]-\d{6,}|gh[pousr]_[A-Za-z0-9]{30,})\b", id="secrets"),
    ],
)
def test_no_file_holds(pattern: str) -> None:
    found = [(str(path), match[0]) for path, text in text_files() for match in re.finditer(pattern, text)]
    assert found == []


def test_tests_wait_for_events_not_for_time() -> None:
    waits = re.compile(r"\btime\.sleep\(|wait_for_timeout\(")
    assert [path for path, text in text_files() if path.parts[0] == "tests" and waits.search(text)] == []


def test_no_test_is_skipped_but_what_needs_a_program_that_is_no_part_of_the_house() -> None:
    skips = re.compile(r"pytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b")
    assert {path for path, text in text_files() if path.parts[0] == "tests" and skips.search(text)} == NEED_A_PROGRAM


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-spark.lock"])
def test_locks_hold_versions_and_nothing_else(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"#.*|[\w.-]+==[\w.+!]+", line)] == []


def test_every_dependency_is_locked() -> None:
    def names(requirements: list[str]) -> set[str]:
        found = (re.match(r"[\w.-]+", requirement) for requirement in requirements if not requirement.startswith("#"))
        return {match[0].lower().replace("_", "-") for match in found if match}

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run = names((ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines())
    dev = names((ROOT / "requirements-dev.lock").read_text(encoding="utf-8").splitlines())
    assert names(project["project"]["dependencies"] + project["build-system"]["requires"]) - run == set()
    assert names(project["dependency-groups"]["dev"]) - dev == set()
    spark = names((ROOT / "requirements-spark.lock").read_text(encoding="utf-8").splitlines())
    assert names(project["project"]["optional-dependencies"]["spark"]) - spark == set()
    assert run & dev == (run | dev) & spark == set()
