"""Does the server's memory stay where it is? Four people choose 2,000 heads as fast as they come."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from bench.people import HEADS, HEADS_PAGE, NAMES, PICTURE, Watch, print_row, text_of
from bench.visitor import Visitor
from tools.server import running

CHOICES, TABS, PARTS = 2000, 4, 10
GROWTH = 0.03  # that the second half may take more than the first


async def choose(url: str, watch: Watch) -> list[float]:
    """The server's memory in MB after each choice."""
    memory: list[float] = []

    async def one(number: int) -> None:
        async with Visitor(url, urlencode({"text": text_of(NAMES[number], number)})) as tab:
            await tab.go(HEADS_PAGE)
            for k in range(CHOICES // TABS):
                run = await tab.choose("choose_head", (5 * k + number) % HEADS)
                if run.errors or PICTURE not in (key for key, _, _ in run.pictures):
                    raise RuntimeError(f"No picture came: {run.errors}")
                memory.append(watch.memory_now() / 1e6)

    await asyncio.gather(*(one(number) for number in range(TABS)))
    return memory


def main() -> None:
    """Prints the memory in ten parts; exit status 1 where it grows from half to half."""
    print(f"\nMemory over {CHOICES:,} choices of a head, load {os.getloadavg()[0]:.1f} before")
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "log.txt") as url:
        watch = Watch(url)
        memory = asyncio.run(choose(url, watch))
        cpu = watch.cpu()
    parts = np.array_split(memory, PARTS)
    print_row("memory of the server, ten parts", ", ".join(f"{np.mean(part):.0f}" for part in parts) + " MB")
    print_row("processor time, start and all", f"{cpu:.0f} s, {1000 * cpu / CHOICES:.0f} ms a choice")
    if np.mean(memory[len(memory) // 2 :]) > (1 + GROWTH) * np.mean(memory[: len(memory) // 2]):
        sys.exit("The server's memory grows.")
