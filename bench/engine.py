"""What it costs to score all heads: time against a plain forward pass, and memory above the loaded model.

Each row runs in a process of its own, so that it starts with clean memory. Plain and scoring passes alternate, and the
fastest of each counts, as the machine may be busy with other things.
"""

from __future__ import annotations

import ctypes
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# (model, tokens, passes of each kind, limits: times a plain forward, MB above the loaded model)
CASES = (
    ("minilm", 256, 15, 2.0, None),
    ("minilm", 512, 10, None, None),
    ("smollm2", 512, 5, None, None),
    ("smollm2", 1024, 5, 1.8, None),
    ("smollm2", 2048, 4, 1.8, 120.0),
    ("smollm2", 4096, 2, None, None),
)


@dataclass(frozen=True)
class Row:
    """One model at one length.

    Attributes
    ----------
    plain, scores: seconds of a forward pass with SDPA, and of one with thumbnails and all scores of METRICS §1 except
        induction, for all heads
    plain_mb, scores_mb: the most memory either held above the loaded model, MB (NaN where the system does not say)
    click: seconds for the weights of one head of the last layer
    most_ratio, most_mb: the limits, None if there is none
    """

    model: str
    n: int
    plain: float
    scores: float
    plain_mb: float
    scores_mb: float
    click: float
    most_ratio: float | None
    most_mb: float | None

    @property
    def ratio(self) -> float:
        return self.scores / self.plain

    @property
    def holds(self) -> bool:
        return (self.most_ratio is None or self.ratio <= self.most_ratio) and not (
            self.most_mb is not None and self.scores_mb > self.most_mb
        )


def measure() -> Iterator[Row]:
    """A row per case, as they are measured. Needs both models on this machine."""
    for model, n, passes, most_ratio, most_mb in CASES:
        command = [sys.executable, "-m", "bench.engine", model, str(n), str(passes)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent.parent)
        if done.returncode:
            raise RuntimeError(f"{model}, {n} tokens: {done.stderr.strip().splitlines()[-1]}")
        yield Row(**json.loads(done.stdout.splitlines()[-1]), most_ratio=most_ratio, most_mb=most_mb)


def main() -> None:
    """Prints the table."""
    print("All scores of METRICS §1 but induction, and thumbnails, of all heads in one pass")
    print(f"{'model':8} {'tokens':>6} {'plain s':>8} {'scores s':>8} {'ratio':>6} {'most':>5}", end=" ")
    print(f"{'plain MB':>8} {'scores MB':>9} {'most':>5} {'one head ms':>11}")
    for row in measure():
        most_ratio = "" if row.most_ratio is None else f"{row.most_ratio:.1f}"
        most_mb = "" if row.most_mb is None else f"{row.most_mb:.0f}"
        print(f"{row.model:8} {row.n:6} {row.plain:8.3f} {row.scores:8.3f} {row.ratio:6.2f} {most_ratio:>5}", end=" ")
        print(f"{row.plain_mb:8.0f} {row.scores_mb:9.0f} {most_mb:>5} {1000 * row.click:11.0f}", end="")
        print("" if row.holds else "  MISSED", flush=True)


def one(name: str, n: int, passes: int) -> dict:
    """Measure a row in this process."""
    from dashboard.analyses.scores.survey import survey
    from dashboard.capture import head_weights, open_model  # before torch: it sets how torch's threads wait
    from dashboard.heads.head_id import HeadId

    import torch  # isort: skip

    model = open_model(name)
    encoding = text_of(model, n)
    ids = torch.tensor([encoding.ids])

    def plain() -> None:
        with torch.inference_mode():
            model.loaded.model(ids)

    def scores() -> None:
        survey(model, encoding, induction=False)

    def click() -> None:
        head_weights(model, encoding, [HeadId(model.layers - 1, 0)])

    # The file is read page by page on first use: "above the loaded model" counts from when all of it was read.
    sum(parameter.sum().item() for parameter in model.loaded.model.parameters())
    survey(model, text_of(model, 32), induction=False)
    memory = {"scores_mb": peak(scores), "plain_mb": peak(plain)}
    times = {"plain": [], "scores": [], "click": []}
    for _ in range(passes):
        for kind, run in (("plain", plain), ("scores", scores), ("click", click)):
            start = time.perf_counter()
            run()
            times[kind].append(time.perf_counter() - start)
    return {"model": name, "n": n, **memory, **{kind: min(seconds) for kind, seconds in times.items()}}


def text_of(model, n: int):
    """n tokens as in a text: ids drawn with 1 / rank (Zipf's law), between the model's own special tokens."""
    import numpy as np

    from dashboard.text import Encoding

    rng = np.random.default_rng(0)
    frame = model.encode("a")
    own = [place for place, special in enumerate(frame.special) if not special]
    front, back = frame.ids[: own[0]], frame.ids[own[-1] + 1 :]
    chance = 1 / np.arange(1, 20_001)
    drawn = rng.choice(20_000, n - len(front) - len(back), p=chance / chance.sum())
    ids = (*front, *map(int, rng.permutation(20_000)[drawn] + 1000), *back)
    special = (True,) * len(front) + (False,) * len(drawn) + (True,) * len(back)
    return Encoding("", ids, ("x",) * n, ("x",) * n, ((0, 0),) * n, special)


def peak(run: Callable[[], None]) -> float:
    """The peak memory of a call above the process's memory before it, in MB; NaN outside Linux."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)  # returns memory of earlier calls to the system
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak
        before = _status("VmRSS")
        run()
        return (_status("VmHWM") - before) / 1000
    except (AttributeError, OSError):
        return float("nan")


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) * 1.024 for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        print(json.dumps(one(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
    else:
        main()
