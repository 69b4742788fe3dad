"""A file that was made for a click outlives the runs of other pages until it was fetched."""

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileKind, MediaFileStorageError

from app.lingering import SECONDS, LingeringStorage
from tests.app.test_steady import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def storage(clock: Clock) -> LingeringStorage:
    return LingeringStorage("/media", clock)


def made(storage: LingeringStorage, content: bytes) -> str:
    return storage.load_and_get_id(content, "text/csv", MediaFileKind.DOWNLOADABLE, "numbers.csv")


def test_what_was_made_for_a_click_is_there_after_runs_of_other_pages(storage: LingeringStorage) -> None:
    files = MediaFileManager(storage)
    address = files.execute_deferred(files.add_deferred(lambda: b"a,b", "text/csv", "1.2"))
    for _ in range(5):
        files.remove_orphaned_files()
    assert storage.get_file(address.removeprefix("/media/")).content == b"a,b"


def test_it_goes_when_its_time_has_come_and_another_is_to_go(storage: LingeringStorage, clock: Clock) -> None:
    one, other = made(storage, b"one"), made(storage, b"other")
    storage.delete_file(one)
    clock.seconds += SECONDS
    storage.delete_file(other)
    with pytest.raises(MediaFileStorageError):
        storage.get_file(one)
    assert storage.get_file(other).content == b"other"


def test_what_is_made_again_meanwhile_stays_as_long_as_if_it_were_new(storage: LingeringStorage, clock: Clock) -> None:
    one, other = made(storage, b"one"), made(storage, b"other")
    storage.delete_file(one)
    clock.seconds += SECONDS
    assert made(storage, b"one") == one
    storage.delete_file(other)
    assert storage.get_file(one).content == b"one"
