"""What Streamlit does for whoever asks over a page's connection, and a server for others does for nobody.

- empty all caches: those of everybody, whose next click then takes seconds;
- say where our script lies, and what git knows of its folder;
- keep any number of uploaded files, whether a page asked for them or not.
"""

from __future__ import annotations

from typing import Any

from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

MOST_FILES = 3  # uploaded ones that a session holds, the newest


def to_visitors() -> None:
    """Close it in this process."""
    AppSession._handle_clear_cache_request = _nothing
    AppSession._handle_git_information_request = _nothing
    AppSession._create_new_session_message = _without_path
    MemoryUploadedFileManager.add_file = _add_file


_new_session, _add = AppSession._create_new_session_message, MemoryUploadedFileManager.add_file


def _nothing(self: AppSession) -> None:
    pass


def _without_path(self: AppSession, *given: Any, **named: Any) -> Any:
    message = _new_session(self, *given, **named)
    message.new_session.main_script_path = ""
    return message


def _add_file(self: MemoryUploadedFileManager, session_id: str, file: UploadedFileRec) -> None:
    _add(self, session_id, file)
    for old in list(self.file_storage.get(session_id, {}))[:-MOST_FILES]:
        self.remove_file(session_id, old)
