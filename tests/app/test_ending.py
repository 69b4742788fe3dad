import signal
import threading

from app.ending import heard
from tests.patience import TIMEOUT


def test_a_signal_is_answered_although_it_came_while_its_answer_could_not_be_given() -> None:
    held, answered = threading.Lock(), threading.Event()

    def answer() -> None:
        with held:
            answered.set()

    with heard(answer, (signal.SIGUSR1,)):
        with held:
            signal.raise_signal(signal.SIGUSR1)  # a handler that took the lock would never come back
            assert not answered.is_set()
        assert answered.wait(TIMEOUT)


def test_afterwards_signals_mean_what_they_meant() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with heard(lambda: None, (signal.SIGUSR1,)):
        assert signal.getsignal(signal.SIGUSR1) is not before
    assert signal.getsignal(signal.SIGUSR1) is before
    assert "ending" not in {thread.name for thread in threading.enumerate()}
