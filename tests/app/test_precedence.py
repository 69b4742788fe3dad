"""Tiles come before figures, whoever looks at them."""

from threading import Thread

import pytest

from app.precedence import Precedence
from tests.patience import TIMEOUT


def test_a_figure_waits_for_whatever_comes_first_and_no_longer_than_told() -> None:
    precedence = Precedence()
    assert precedence.let_by(0)
    with precedence.first():
        with precedence.first():
            assert not precedence.let_by(0)
        assert not precedence.let_by(0)
    assert precedence.let_by(0)


def test_what_fails_keeps_nobody_waiting() -> None:
    precedence = Precedence()
    with pytest.raises(ValueError, match="no tiles"), precedence.first():
        raise ValueError("no tiles")
    assert precedence.let_by(0)


def test_whoever_waits_goes_on_at_once() -> None:
    precedence, went_on = Precedence(), list[bool]()
    waiting = Thread(target=lambda: went_on.append(precedence.let_by(TIMEOUT)))
    with precedence.first():
        waiting.start()
    waiting.join(TIMEOUT)
    assert went_on == [True]
