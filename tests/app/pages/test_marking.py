"""The buttons that mark a deployment or an incident on a page, as they happen."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import source
from metrics.settings import Access, Collect, Settings
from tests.app.fake import NOW, fake_source
from tests.app.pages.conftest import MAIN
from tests.patience import TIMEOUT

ADA: dict[str, object] = {
    "is_logged_in": True, "email": "ada@example.com", "email_verified": True, "iat": NOW.timestamp() - 60,
}  # fmt: skip


class _Page:
    """A page over made-up numbers, whose home's own inbox is `home`."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def shown(self, page: str, access: Access | None = None) -> AppTest:
        base = fake_source(None)()
        settings = Settings(home=self._home, collect=Collect(enabled=False), access=access or Access())
        made = source.Source(base.engine, settings, now=lambda: NOW)
        source.connect_through(lambda: made)
        test = AppTest.from_file(MAIN, default_timeout=TIMEOUT)
        if access:
            test.user = ADA
        return test.switch_page(f"../pages/{page}").run()

    def marks(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted((self._home / "inbox").glob("mark-*"))]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[_Page]:
    yield _Page(tmp_path)
    source.connect_through(None)


@pytest.mark.parametrize("name", ["health.py", "alerts.py"])
def test_a_deployment_is_marked(page: _Page, name: str) -> None:
    test = page.shown(name)
    test.text_input(key="mark-deployment-name").set_value("v1.4.2")
    test.text_input(key="mark-deployment-service").set_value("shop")
    test.button(key="mark-deployment-do").click().run()
    assert not test.exception
    assert "v1" in test.toast[0].value
    (told,) = page.marks()
    assert (told["change_type"], told["name"], told["service"], told["ts"]) == (
        "deployment", "v1.4.2", "shop", NOW.isoformat(),
    )  # fmt: skip


def test_an_incident_is_ended(page: _Page) -> None:
    test = page.shown("health.py")
    test.text_input(key="mark-incident-name").set_value("slow")
    test.radio(key="mark-incident-ends").set_value("It is over")
    test.button(key="mark-incident-do").click().run()
    (told,) = page.marks()
    assert (told["change_type"], told["ended_at"]) == ("incident", NOW.isoformat())


def test_a_mark_without_a_name_is_refused(page: _Page) -> None:
    test = page.shown("health.py")
    test.button(key="mark-deployment-do").click().run()
    assert test.toast[0].value.startswith("Not marked\\: expected a name")
    assert page.marks() == []


def test_who_only_looks_may_not_mark(page: _Page) -> None:
    test = page.shown("health.py", Access(viewers=("*",)))
    test.text_input(key="mark-deployment-name").set_value("v1")
    test.button(key="mark-deployment-do").click().run()
    assert "may not mark deployments and incidents" in test.toast[0].value
    assert page.marks() == []
