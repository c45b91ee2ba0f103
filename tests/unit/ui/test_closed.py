"""What Streamlit does for whoever asks, and a server for others for nobody."""

import pytest
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from dashboard.ui.server import closed

CHANGED = (
    (AppSession, "_handle_clear_cache_request"),
    (AppSession, "_handle_git_information_request"),
    (AppSession, "_create_new_session_message"),
    (MemoryUploadedFileManager, "add_file"),
)


@pytest.fixture(autouse=True)
def to_visitors(monkeypatch):
    for of, name in CHANGED:
        monkeypatch.setattr(of, name, getattr(of, name))  # so that it is as before in the end
    closed.to_visitors()


def test_nobody_empties_the_caches_of_all_or_asks_for_our_folder(monkeypatch):
    for cache in ("cache_data", "cache_resource"):
        monkeypatch.setattr(
            f"streamlit.runtime.caching.{cache}_api._{'data' if 'data' in cache else 'resource'}_caches.clear_all",
            lambda: pytest.fail("emptied"),
            raising=False,
        )
    session = object.__new__(AppSession)  # without anything that either could use
    assert session._handle_clear_cache_request() is session._handle_git_information_request() is None


def test_a_session_holds_its_newest_files_alone():
    manager = MemoryUploadedFileManager("/upload")
    for session, number in (("a", 9), ("b", 2)):
        for k in range(number):
            manager.add_file(session, UploadedFileRec(f"{k}", "x", "text/plain", bytes(10)))
    assert list(manager.file_storage["a"]) == ["6", "7", "8"] and list(manager.file_storage["b"]) == ["0", "1"]
    assert manager._total_bytes == 50
