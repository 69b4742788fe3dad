"""Rows that several questions share are asked for once, also by questions at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from metrics.engine import statement_cache
from metrics.engine.statement import Relation, Statement
from metrics.engine.statement_cache import StatementCache


def statement(text: str, *files: str, **parameters: object) -> Statement:
    return Statement(text, parameters, (Relation("events", "request", files, (("ts", "TIMESTAMPTZ"),)),))


def test_the_same_statement_is_asked_once_and_any_other_anew() -> None:
    cache, asked = StatementCache(), list[Statement]()

    def rows(one: Statement) -> pl.DataFrame:
        asked.append(one)
        return pl.DataFrame({"n": [len(asked)]})

    questions = [
        statement("SELECT 1", "a"), statement("SELECT 1", "a"), statement("SELECT 1", "a", "b"),
        statement("SELECT $x", "a", x=1), statement("SELECT $x", "a", x=["y"]), statement("SELECT 1", "a"),
    ]  # fmt: skip
    assert [cache.rows(one, rows)["n"][0] for one in questions] == [1, 1, 2, 3, 4, 1]


def test_who_asks_meanwhile_waits_for_the_answer() -> None:
    cache, entered, go_on = StatementCache(), threading.Event(), threading.Event()
    times: list[int] = []

    def rows(_: Statement) -> pl.DataFrame:
        times.append(1)
        entered.set()
        assert go_on.wait(10)
        return pl.DataFrame({"n": [1]})

    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(cache.rows, statement("SELECT 1"), rows)
        assert entered.wait(10)
        others = [threads.submit(cache.rows, statement("SELECT 1"), rows) for _ in range(2)]
        go_on.set()
        assert [found.result(10)["n"][0] for found in (first, *others)] == [1, 1, 1]
    assert times == [1]


def test_a_failure_is_not_remembered() -> None:
    cache = StatementCache()

    def fails(_: Statement) -> pl.DataFrame:
        raise OSError("no file")

    with pytest.raises(OSError, match="no file"):
        cache.rows(statement("SELECT 1"), fails)
    assert cache.rows(statement("SELECT 1"), lambda _: pl.DataFrame({"n": [1]}))["n"][0] == 1


def test_what_was_not_asked_for_long_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_cache, "KEPT", 2)
    kept, asked = StatementCache(), list[str]()

    def rows(one: Statement) -> pl.DataFrame:
        asked.append(one.text)
        return pl.DataFrame()

    for text in ("a", "b", "a", "c", "a", "b"):
        kept.rows(statement(text), rows)
    assert asked == ["a", "b", "c", "b"]
