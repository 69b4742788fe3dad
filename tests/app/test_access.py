"""Who may do what, as a table."""

import pytest

from app.access import UNKNOWN, Right, visitor
from metrics.settings import Access

EVERYBODY = Access()
LISTED = Access(operators=("ada@example.com", "Bob@Example.com "), editors=("ada@example.com",))
ADA = {"is_logged_in": True, "email": "ada@example.com", "name": "Ada"}
BOB = {"is_logged_in": True, "email": "bob@example.com"}
EVE = {"is_logged_in": True, "email": "eve@example.com"}
UNVERIFIED = {**ADA, "email_verified": False}
NAMELESS = {"is_logged_in": True, "sub": "1234"}
NO_LOGIN = {"email": "test@example.com"}
LOGGED_OUT = {"is_logged_in": False}


@pytest.mark.parametrize(
    ("user", "access", "name", "operates", "edits"),
    [
        pytest.param(NO_LOGIN, EVERYBODY, UNKNOWN, True, True, id="no login"),
        pytest.param(NO_LOGIN, LISTED, UNKNOWN, True, True, id="no login, though people are listed"),
        pytest.param({}, LISTED, UNKNOWN, True, True, id="nothing is known"),
        pytest.param(LOGGED_OUT, EVERYBODY, UNKNOWN, False, False, id="not logged in"),
        pytest.param(ADA, EVERYBODY, "ada@example.com", True, True, id="everyone who is logged in"),
        pytest.param(ADA, LISTED, "ada@example.com", True, True, id="listed in both"),
        pytest.param(BOB, LISTED, "bob@example.com", True, False, id="listed in one, in other letters"),
        pytest.param(EVE, LISTED, "eve@example.com", False, False, id="listed nowhere"),
        pytest.param(UNVERIFIED, LISTED, "Ada", False, False, id="an address that nobody verified"),
        pytest.param(NAMELESS, LISTED, UNKNOWN, False, False, id="a login without an address"),
        pytest.param(NAMELESS, EVERYBODY, UNKNOWN, True, True, id="a login without an address, where all may"),
        pytest.param({**ADA, "is_logged_in": "yes"}, EVERYBODY, UNKNOWN, False, False, id="not quite logged in"),
    ],
)
def test_who_may_do_what(user: dict[str, object], access: Access, name: str, operates: bool, edits: bool) -> None:
    found = visitor(user, access)
    assert found.name == name
    assert (not found.refusal(Right.OPERATE), not found.refusal(Right.EDIT)) == (operates, edits)


def test_a_refusal_names_who_the_right_and_the_setting() -> None:
    assert visitor(EVE, LISTED).refusal(Right.EDIT) == (
        "eve@example.com may not change alert rules: the setting access.editors names others."
    )
    assert visitor(LOGGED_OUT, LISTED).refusal(Right.OPERATE) == "Log in to acknowledge, silence and resolve alerts."


def test_only_somebody_who_did_not_use_a_login_is_asked_to() -> None:
    assert [visitor(user, LISTED).must_log_in for user in (NO_LOGIN, LOGGED_OUT, EVE)] == [False, True, False]
