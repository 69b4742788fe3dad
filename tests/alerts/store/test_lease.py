"""The lease of homes that take turns, on a real PostgreSQL: by its clock, one at a time, in turns that grow."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from alerts.store import Store
from alerts.store.lease import Lease
from tests.patience import TIMEOUT

LONG, SHORT = timedelta(seconds=TIMEOUT), timedelta(milliseconds=20)


@pytest.fixture
def kind() -> str:
    """It is on PostgreSQL only."""
    return "postgresql"


def lease(store: Store, holder: str, length: timedelta = LONG) -> Lease:
    return Lease(store, holder, f"machine of {holder}", length)


def until(store: Store, condition: str) -> None:
    """Wait for what the database says."""
    with store.apart() as connection:
        while not connection.execute(text(f"SELECT {condition} FROM leases")).scalar_one():
            pass


def ended(store: Store) -> None:
    """The lease has ended, by the clock of the database."""
    until(store, "expires_at < clock_timestamp()")


def test_one_at_a_time_has_it_and_keeps_its_turn_while_it_renews(store: Store) -> None:
    one, other = lease(store, "one"), lease(store, "other")
    assert one.held_by() == ""
    assert (one.renew(), other.renew(), one.renew()) == (1, None, 1)
    assert other.held_by() == "machine of one"


def test_one_that_ended_goes_to_whoever_asks_in_a_higher_turn(store: Store) -> None:
    one, other = lease(store, "one", SHORT), lease(store, "other")
    assert one.renew() == 1
    ended(store)
    assert one.held_by() == ""
    assert (other.renew(), one.renew()) == (2, None)


def test_one_that_ended_and_nobody_else_took_is_renewed_in_the_same_turn(store: Store) -> None:
    one = lease(store, "one", SHORT)
    assert one.renew() == 1
    ended(store)
    assert one.renew() == 1


def test_what_is_let_go_is_free_at_once_and_nobody_lets_go_what_another_has(store: Store) -> None:
    one, other = lease(store, "one"), lease(store, "other")
    one.renew()
    other.let_go()
    assert other.renew() is None
    one.let_go()
    assert (other.renew(), one.renew()) == (2, None)


def test_of_several_that_ask_at_once_one_gets_it(address: str, open_store: Callable[[str], Store]) -> None:
    stores = [open_store(address) for _ in range(6)]
    assert lease(stores[0], "first", SHORT).renew() == 1
    ended(stores[0])
    got, at_once = list[int | None](), threading.Barrier(len(stores))

    def ask(number: int) -> None:
        at_once.wait(TIMEOUT)
        got.append(lease(stores[number], str(number)).renew())

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert sorted(got, key=str) == [2, *[None] * 5]


def test_it_is_renewed_while_others_write_and_ends_by_the_clock_of_when_that_is_over(
    address: str, open_store: Callable[[str], Store]
) -> None:
    one, other = (open_store(address) for _ in range(2))
    with one.writing():
        assert lease(other, "other").renew() == 1


def test_one_that_waited_for_another_finds_it_taken(address: str, open_store: Callable[[str], Store]) -> None:
    one, other = (open_store(address) for _ in range(2))
    assert lease(one, "before", SHORT).renew() == 1
    ended(one)
    found = list[int | None]()
    asking = threading.Thread(target=lambda: found.append(lease(other, "other").renew()))
    with one.apart() as connection:
        connection.execute(text("UPDATE leases SET holder = 'one', turn = 2, expires_at = 'infinity'"))
        asking.start()
        for waits in _waiting(one):
            if waits:
                break
    asking.join(TIMEOUT)
    assert found == [None]


def _waiting(store: Store) -> Iterator[int]:
    """How many wait for a row, looked at again and again."""
    while True:
        with store.reading() as repository:
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            yield repository._connection.execute(waits).scalar_one()  # pyright: ignore[reportPrivateUsage]
