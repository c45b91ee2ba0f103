"""A file made for a click is there when the browser comes for it, and not for ever."""

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileKind, MediaFileStorageError

from dashboard.ui.server import made_files
from dashboard.ui.server.made_files import PatientManager, PatientStorage


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(made_files.time, "monotonic", lambda: now[0])
    return now


def made(storage: PatientStorage, content: bytes = b"<svg/>") -> str:
    return storage.load_and_get_id(content, "image/svg+xml", MediaFileKind.DOWNLOADABLE, "a.svg")


def test_a_file_outlives_the_runs_that_end_before_the_browser_comes(clock):
    storage = PatientStorage("/media")
    manager = MediaFileManager(storage)
    file_id = manager.add_deferred(lambda: b"<svg/>", "image/svg+xml", "0.1", "a.svg")
    url = manager.execute_deferred(file_id)
    for _ in range(5):
        manager.clear_session_refs()
        manager.remove_orphaned_files()
    name = url.rpartition("/")[2]
    assert storage.get_file(name).content == b"<svg/>"


def test_it_goes_after_half_a_minute(clock):
    storage = PatientStorage("/media")
    first = made(storage)
    storage.delete_file(first)
    clock[0] += made_files.LONGER - 1
    made(storage, b"another")
    assert storage.get_file(first).content == b"<svg/>"
    clock[0] += 2
    made(storage, b"a third")
    with pytest.raises(MediaFileStorageError):
        storage.get_file(first)


def test_a_file_made_again_stays(clock):
    storage = PatientStorage("/media")
    first = made(storage)
    storage.delete_file(first)
    clock[0] += 20
    assert made(storage) == first
    clock[0] += 20
    made(storage, b"another")
    assert storage.get_file(first).content == b"<svg/>"


def test_a_large_file_with_other_words_in_it_is_not_the_one_before(clock):
    storage = PatientStorage("/media")
    first, second = (b"x" * 200_000 + note + b"x" * 1_500_000 for note in (b"Note 1", b"Note 2"))
    storage.delete_file(made(storage, first))
    assert storage.get_file(made(storage, second)).content == second


def drawn(manager: MediaFileManager, content: bytes = b"<svg/>") -> str:
    """A button is drawn, as Streamlit draws it; its name."""
    manager.remove_deferred("0.1", element_id="svg")
    return manager.add_deferred(lambda: content, "image/svg+xml", "0.1", "a.svg", element_id="svg")


def file_of(manager: MediaFileManager, storage: PatientStorage, button: str) -> bytes:
    return storage.get_file(manager.execute_deferred(button).rpartition("/")[2]).content


def test_a_click_on_a_button_that_was_just_drawn_again_gives_what_it_stood_for(clock):
    storage = PatientStorage("/media")
    manager = PatientManager(storage)
    before = drawn(manager, b"before")
    after = drawn(manager, b"after")
    assert file_of(manager, storage, before) == b"before"
    assert file_of(manager, storage, after) == b"after"
    manager.clear_session_refs()  # the page is left
    manager.remove_orphaned_files()
    assert file_of(manager, storage, after) == b"after"


def test_a_button_is_forgotten_after_half_a_minute(clock):
    manager = PatientManager(PatientStorage("/media"))
    before = drawn(manager)
    after = drawn(manager)
    clock[0] += made_files.LONGER + 1
    with pytest.raises(MediaFileStorageError, match="not found"):
        manager.execute_deferred(before)
    manager.execute_deferred(after)  # stays as long as it is on show
    drawn(manager)
    forgotten = manager._deferred_callables
    assert after in forgotten and before not in forgotten


def test_the_server_of_the_app_has_them():
    from streamlit.runtime import memory_media_file_storage, runtime

    import dashboard.served  # noqa: F401 — as the command does

    assert memory_media_file_storage.MemoryMediaFileStorage is PatientStorage
    assert vars(runtime)["MediaFileManager"] is PatientManager
