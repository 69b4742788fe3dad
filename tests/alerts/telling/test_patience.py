"""How long a channel waits, whatever the other side does."""

import queue
import threading
from collections.abc import Generator

import pytest

from alerts.telling.channels.patience import OutOfTime, Patience
from tests.patience import TIMEOUT


@pytest.fixture
def release() -> Generator[threading.Event]:
    """Ends the calls that hang, at the latest after the test."""
    event = threading.Event()
    yield event
    event.set()


def test_a_call_gives_what_it_gave_or_raises_what_it_raised() -> None:
    def fail() -> None:
        raise TimeoutError("of the socket")

    assert Patience().call(lambda: 5) == 5
    with pytest.raises(TimeoutError, match="of the socket"):
        Patience().call(fail)


def test_a_call_that_hangs_is_given_up(release: threading.Event) -> None:
    with pytest.raises(OutOfTime, match=r"no whole answer within 0\.05 s"):
        Patience(0.05).call(lambda: release.wait(TIMEOUT))
    assert not release.is_set()


def test_calls_that_hang_cost_a_bounded_number_of_threads(release: threading.Event) -> None:
    begun: queue.Queue[int] = queue.Queue()
    patience = Patience(0.05, at_once=2)
    for number in range(4):
        with pytest.raises(OutOfTime):
            patience.call(lambda number=number: (begun.put(number), release.wait(TIMEOUT)))
    assert {begun.get(timeout=TIMEOUT) for _ in range(2)} == {0, 1}
    assert begun.empty()


def test_a_peer_that_hangs_holds_up_no_other(release: threading.Event) -> None:
    patience = Patience(0.05, at_once=1)
    with pytest.raises(OutOfTime):
        patience.call(lambda: release.wait(TIMEOUT), "one")
    patience.seconds = TIMEOUT
    assert patience.call(lambda: "an answer", "other") == "an answer"


def test_once_a_call_that_hung_has_ended_there_is_room_for_another(release: threading.Event) -> None:
    patience = Patience(0.05, at_once=1)
    with pytest.raises(OutOfTime):
        patience.call(lambda: release.wait(TIMEOUT))
    release.set()
    patience.seconds = TIMEOUT
    assert patience.call(lambda: "room") == "room"


def test_a_socket_gives_up_before_the_call_is_given_up() -> None:
    assert 0 < Patience(15).silence < 15
