"""A click on the button of a file gives the file, however late it or the browser comes.

Streamlit makes the file of a button when it is clicked and then tells the browser where it lies. Two things come too
late where several people work, or one works fast:

- the browser. No session holds the file meanwhile, and the second run of any session that ends after that drops it:
  “404”. So a file that is let go is served for half a minute more;
- the click. A button that is drawn again gets another name, and the old one is forgotten before the browser hears of
  the new one: “Deferred file not found”, most often in a dialog that was opened a second time. So what a button would
  have made can be made for half a minute more.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from streamlit.runtime import memory_media_file_storage, runtime
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

LONGER = 30.0  # seconds that a file is served, and can still be made, after it was let go


class LetGo:
    """What was let go less than `LONGER` ago, by name, in the order in which it was."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[float, Any]] = {}

    def add(self, name: str, what: Any = None) -> None:
        self._held.pop(name, None)
        self._held[name] = time.monotonic(), what

    def take_back(self, name: str) -> None:
        self._held.pop(name, None)

    def forget(self) -> list[str]:
        """Forget what is older; its names."""
        old = [name for name, (when, _) in self._held.items() if time.monotonic() - when >= LONGER]
        for name in old:
            del self._held[name]
        return old

    def __contains__(self, name: object) -> bool:
        self.forget()
        return name in self._held

    def __getitem__(self, name: str) -> Any:
        return self._held[name][1]


class PatientStorage(MemoryMediaFileStorage):
    """Streamlit's store of files in memory, which drops a file `LONGER` after it was told to."""

    def __init__(self, *given: Any, **named: Any):
        super().__init__(*given, **named)
        self._let_go = LetGo()
        self._lock = threading.Lock()

    def load_and_get_id(self, path_or_data: str | bytes, *given: Any, **named: Any) -> str:
        with self._lock:
            self._drop_old()
            file = super().load_and_get_id(path_or_data, *given, **named)
            if isinstance(path_or_data, bytes) and self.get_file(file).content != path_or_data:
                # Of a file over 1 MiB Streamlit compares parts only: a report of the same length has another note.
                super().delete_file(file)
                file = super().load_and_get_id(path_or_data, *given, **named)
            self._let_go.take_back(file)  # the same content, made again
        return file

    def delete_file(self, file_id: str) -> None:
        with self._lock:
            self._let_go.add(file_id)
            self._drop_old()

    def _drop_old(self) -> None:
        for file in self._let_go.forget():
            super().delete_file(file)


class LateClicks(dict):
    """What the buttons on show make, by their names; one that was taken out is found for `LONGER`, but not listed.

    Streamlit's manager reads and changes it under its own lock.
    """

    def __init__(self) -> None:
        self._let_go = LetGo()

    def pop(self, name: str, default: Any = None) -> Any:
        found = super().pop(name, None)
        if found is None:
            return default
        self._let_go.forget()
        self._let_go.add(name, found)
        return found

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._let_go

    def __missing__(self, name: str) -> Any:
        return self._let_go[name]


class PatientManager(MediaFileManager):
    """Streamlit's manager of files, for which a click on a button of a moment ago counts."""

    def __init__(self, *given: Any, **named: Any):
        super().__init__(*given, **named)
        self._deferred_callables = LateClicks()


def stay_a_while() -> None:
    """Turn it on for the server that is built next in this process."""
    memory_media_file_storage.MemoryMediaFileStorage = PatientStorage
    setattr(runtime, MediaFileManager.__name__, PatientManager)
