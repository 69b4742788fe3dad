"""Who may do what, as tables."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from app.access import LEAST, UNKNOWN, Act, NotAllowed, Role, takes, visitor
from metrics.settings import Access

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
NOBODY = Access()
LISTED = Access(
    viewers=("@example.com", "group:staff"), operators=("Bob@Example.com ", "k@k.c"), editors=("group:editors",),
    admins=("ada@example.com",),
)  # fmt: skip
ANYBODY = Access(viewers=("*",))
LOGIN = {"is_logged_in": True, "email_verified": True, "iat": NOON.timestamp() - 60}
ADA = {**LOGIN, "email": "ada@example.com", "name": "Ada"}
BOB = {**LOGIN, "email": "bob@example.com"}
EVE = {**LOGIN, "email": "eve@elsewhere.example"}
NO_LOGIN = {"email": "test@example.com"}
LOGGED_OUT = {"is_logged_in": False}


@pytest.mark.parametrize(
    ("user", "access", "name", "role"),
    [
        pytest.param(NO_LOGIN, NOBODY, UNKNOWN, Role.ADMIN, id="no login is set up"),
        pytest.param(NO_LOGIN, LISTED, UNKNOWN, Role.ADMIN, id="no login is set up, though people are listed"),
        pytest.param({}, LISTED, UNKNOWN, Role.ADMIN, id="nothing is known"),
        pytest.param(ADA, NOBODY, "ada@example.com", None, id="nobody is listed"),
        pytest.param(ADA, LISTED, "ada@example.com", Role.ADMIN, id="by address, and by domain for less"),
        pytest.param(BOB, LISTED, "bob@example.com", Role.OPERATOR, id="by address, in other letters"),
        pytest.param({**BOB, "email": "Carl@EXAMPLE.com"}, LISTED, "Carl@EXAMPLE.com", Role.VIEWER, id="by domain"),
        pytest.param(EVE, LISTED, "eve@elsewhere.example", None, id="listed nowhere"),
        pytest.param(EVE, ANYBODY, "eve@elsewhere.example", Role.VIEWER, id="whoever logs in"),
        pytest.param({**EVE, "email": "eve@sub.example.com"}, LISTED, "eve@sub.example.com", None, id="a domain below"),
        pytest.param({**EVE, "email": "eve@notexample.com"}, LISTED, "eve@notexample.com", None, id="ends alike"),
        pytest.param({**EVE, "email": "a@example.com@b.c"}, LISTED, "a@example.com@b.c", None, id="two ats"),
        pytest.param({**EVE, "email": "@example.com"}, LISTED, "@example.com", None, id="no mailbox"),
        pytest.param({**EVE, "email": "\u212A@k.c"}, LISTED, "\u212A@k.c", None, id="foreign letters"),
        pytest.param({**EVE, "groups": ["x", "editors"]}, LISTED, "eve@elsewhere.example", Role.EDITOR, id="by group"),
        pytest.param({**EVE, "groups": "staff"}, LISTED, "eve@elsewhere.example", Role.VIEWER, id="one group as text"),
        pytest.param({**EVE, "groups": "staff,editors"}, LISTED, "eve@elsewhere.example", None, id="another group"),
        pytest.param({**EVE, "groups": {"staff": 1}}, LISTED, "eve@elsewhere.example", None, id="another form"),
        pytest.param({**EVE, "roles": ["staff"]}, LISTED, "eve@elsewhere.example", None, id="another claim"),
        pytest.param(
            {**EVE, "roles": ["staff"]}, LISTED.model_copy(update={"group_claim": "roles"}), "eve@elsewhere.example",
            Role.VIEWER, id="the claim of the settings",
        ),
        pytest.param({**LOGIN, "sub": "1234"}, LISTED, "1234", None, id="a login without an address"),
        pytest.param({**LOGIN, "sub": "1234"}, ANYBODY, "1234", Role.VIEWER, id="no address, where all may look"),
    ],
)  # fmt: skip
def test_who_has_which_role(user: dict[str, object], access: Access, name: str, role: Role | None) -> None:
    found = visitor(user, access, NOON)
    assert (found.name, found.role, found.must_log_in) == (name, role, False)


@pytest.mark.parametrize("verified", [False, None, "true", "false", 1, "yes", [True]])
def test_an_address_counts_only_where_it_is_said_to_be_verified(verified: object) -> None:
    found = visitor({**ADA, "email_verified": verified}, LISTED, NOON)
    assert (found.name, found.role) == ("Ada", None)
    without = {key: value for key, value in ADA.items() if key != "email_verified"}
    assert visitor(without, LISTED, NOON).role is None


@pytest.mark.parametrize("said", [False, "yes", 1, None])
def test_who_is_not_quite_logged_in_is_not(said: object) -> None:
    found = visitor({**ADA, "is_logged_in": said}, ANYBODY, NOON)
    assert (found.role, found.must_log_in, found.has_login) == (None, True, False)


@pytest.mark.parametrize(
    ("issued", "is_good"),
    [
        (NOON.timestamp() - 12 * 3600 + 1, True),
        (NOON.timestamp() - 12 * 3600, False),
        (NOON.timestamp() - 30 * 86_400, False),
        (None, False),
        ("1777636800", False),
        (True, False),
        (1e300, False),
        (float("nan"), False),
    ],
)
def test_a_login_counts_for_so_many_hours(issued: object, is_good: bool) -> None:
    found = visitor({**ADA, "iat": issued}, LISTED, NOON)
    assert found.must_log_in != is_good
    longer = visitor({**ADA, "iat": NOON.timestamp() - 20 * 3600}, LISTED.model_copy(update={"login_hours": 24}), NOON)
    assert longer.until == NOON + timedelta(hours=4)


MAY = {
    Role.VIEWER: {Act.LOOK},
    Role.OPERATOR: {Act.LOOK, Act.OPERATE, Act.MARK},
    Role.EDITOR: {
        Act.LOOK,
        Act.OPERATE,
        Act.MARK,
        Act.SAVE_VIEWS,
        Act.ARRANGE,
        Act.UPLOAD,
        Act.ANSWER,
        Act.MAP,
        Act.EDIT,
    },
    Role.ADMIN: set(Act),
}


@pytest.mark.parametrize("role", Role)
def test_what_a_role_may_do(role: Role) -> None:
    somebody = visitor(ADA, Access.model_validate({f"{role}s": ("ada@example.com",)}), NOON)
    assert {act for act in Act if not somebody.refusal(act)} == MAY[role]


def test_every_act_has_its_role_and_nobody_unlisted_may_do_anything() -> None:
    assert set(LEAST) == set(Act)
    assert all(visitor(user, NOBODY, NOON).refusal(act) for user in (ADA, LOGGED_OUT) for act in Act)


def test_a_refusal_names_who_the_act_and_the_setting() -> None:
    assert visitor(BOB, LISTED, NOON).refusal(Act.EDIT) == (
        "bob@example.com has the role operator and may not change alert rules: "
        "access.editors in settings.yaml names who may."
    )
    assert visitor(EVE, LISTED, NOON).refusal(Act.LOOK).startswith("eve@elsewhere.example has no role here and may not")
    assert (
        visitor(LOGGED_OUT, LISTED, NOON).refusal(Act.OPERATE) == "Log in to acknowledge, silence and resolve alerts."
    )


def test_what_a_page_calls_is_done_only_for_who_may(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    forget = takes(Act.TAKE_BACK)(done.append)
    monkeypatch.setattr("app.access.current", lambda: visitor(BOB, LISTED, NOON))
    with pytest.raises(NotAllowed, match=r"access\.admins"):
        forget("a file")
    assert done == []
    monkeypatch.setattr("app.access.current", lambda: visitor(ADA, LISTED, NOON))
    forget("a file")
    assert done == ["a file"]


@pytest.mark.parametrize("name", ["ada", "ada@", "group:", "a b@example.com", "", "@", "**", "a@b@c"])
def test_what_names_nobody_is_refused_in_the_settings(name: str) -> None:
    with pytest.raises(ValidationError, match="names nobody; expected ada@example"):
        Access(viewers=(name,))
