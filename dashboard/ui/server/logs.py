"""What a server for others writes down: what went wrong and where in our code, never a visitor's text.

An exception's message may quote the text that a page was reading. A log keeps its type and where it was raised.
"""

from __future__ import annotations

import logging
import threading

from dashboard.errors import places

_logger = logging.getLogger(__name__)
_usual = logging.getLogRecordFactory()


def without_texts() -> None:
    """From now on this process logs exceptions without their messages."""
    logging.setLogRecordFactory(_record)
    threading.excepthook = _thread_ended


def _record(*args: object, **more: object) -> logging.LogRecord:
    record = _usual(*args, **more)
    if record.exc_info and record.exc_info[0] is not None:
        kind, wrong, at = record.exc_info
        record.exc_text, record.exc_info = places(kind, at), None
        if wrong is not None and (said := str(wrong)) and said in record.getMessage():
            record.msg, record.args = kind.__qualname__, ()
    return record


def _thread_ended(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit:
        _logger.error("A thread broke off\n%s", places(args.exc_type, args.exc_traceback))
