"""A worker of the pool: a process that reads a task a line and answers with a chunk.

An answer is a line of JSON, ``{"bytes": n}`` with the n bytes of the chunk after it, or ``{"error": sentence}``.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading


def main(threads: int) -> None:
    # An interrupt is for the process that asked; a worker ends when nobody asks any more.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    tasks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()

    import torch

    from dashboard.analyses.profile.workers.task import make_apart
    from dashboard.errors import UserError

    torch.set_num_threads(threads)
    while True:
        line = tasks.get()
        try:
            data = make_apart(line)
        except UserError as error:
            answer = json.dumps({"error": str(error)}).encode() + b"\n"
        else:
            answer = json.dumps({"bytes": len(data)}).encode() + b"\n" + data
        answers.write(answer)
        answers.flush()


def _listen(tasks: queue.SimpleQueue[bytes]) -> None:
    """Takes tasks in, and ends the process in the middle of one when whoever gives them is gone, however it went."""
    for line in sys.stdin.buffer:
        tasks.put(line)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
