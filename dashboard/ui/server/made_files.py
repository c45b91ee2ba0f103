"""A file that was made for a click stays until the browser has fetched it.

Streamlit makes the file of a button when it is clicked and then tells the browser where it lies. No session holds it
meanwhile, and the second run of any session that ends after that drops it: where several people work, or one works
fast, the browser came too late and got “404”. So a file that is let go is served for half a minute more.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from streamlit.runtime import memory_media_file_storage
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

LONGER = 30.0  # seconds that a file is served after it was let go


class PatientStorage(MemoryMediaFileStorage):
    """Streamlit's store of files in memory, which drops a file `LONGER` after it was told to."""

    def __init__(self, *given: Any, **named: Any):
        super().__init__(*given, **named)
        self._let_go: dict[str, float] = {}  # file: when, in the order of these times
        self._lock = threading.Lock()

    def load_and_get_id(self, path_or_data: str | bytes, *given: Any, **named: Any) -> str:
        with self._lock:
            self._drop_old()
            file = super().load_and_get_id(path_or_data, *given, **named)
            if isinstance(path_or_data, bytes) and self.get_file(file).content != path_or_data:
                # Of a file over 1 MiB Streamlit compares parts only: a report of the same length has another note.
                super().delete_file(file)
                file = super().load_and_get_id(path_or_data, *given, **named)
            self._let_go.pop(file, None)  # the same content, made again
        return file

    def delete_file(self, file_id: str) -> None:
        with self._lock:
            self._let_go.pop(file_id, None)
            self._let_go[file_id] = time.monotonic()
            self._drop_old()

    def _drop_old(self) -> None:
        for file, when in list(self._let_go.items()):
            if time.monotonic() - when < LONGER:
                break
            del self._let_go[file]
            super().delete_file(file)


def stay_a_while() -> None:
    """Turn it on for the server that is built next in this process."""
    memory_media_file_storage.MemoryMediaFileStorage = PatientStorage
