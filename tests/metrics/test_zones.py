"""Which names are time zones."""

import re

import pytest
from pydantic import ValidationError

from metrics.settings import Settings
from metrics.zones import KNOWN, zone


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Asia/Calcutta", "Etc/GMT+5", "America/Argentina/Ushuaia"])
def test_names_of_the_tz_database_are_zones(name: str) -> None:
    assert zone(name).key == name


@pytest.mark.parametrize(
    "name",
    [
        "localtime", "posixrules", "Factory", "posix/UTC", "right/UTC", "tzdata.zi", "zone.tab", "Europe", "",
        "/etc/localtime", "../zoneinfo/UTC", "Europe/../UTC", "europe/berlin", "UTC\0", "Europe/Berlin ",
    ],
)  # fmt: skip
def test_other_files_and_paths_are_not(name: str) -> None:
    assert name not in KNOWN
    with pytest.raises(ValueError, match=re.escape(f"{name!r} is no time zone; ")):
        zone(name)


def test_the_zone_of_the_settings_is_one() -> None:
    with pytest.raises(ValidationError, match="the nearest is 'Europe/Berlin'"):
        Settings(timezone="Europe/Berln")
