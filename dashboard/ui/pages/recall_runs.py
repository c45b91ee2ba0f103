"""Runs of “Why attention?”: each in a process of its own, shared by all sessions, and kept.

A run belongs to a configuration, not to a person: two people who start the same one watch the same run, and its
results stay for the next person. It stops when its last watcher stops it. Nothing here draws.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import streamlit as st
import torch

from dashboard import serving
from dashboard.analyses.recall.experiment import RecallRun, estimate
from dashboard.analyses.recall.job import run_apart
from dashboard.analyses.recall.task import Recall

MOST_RUNS = 24  # configurations
_THREADS = torch.get_num_threads()
_timing = threading.Lock()


class Run:
    """One running configuration: its latest results, and the sessions that watch it."""

    def __init__(self, config: Recall, work: Callable[[Recall], Iterator[RecallRun]]):
        self.latest: RecallRun | None = None
        self.failed: BaseException | None = None
        self._watchers: set[str] = set()
        self._thread = threading.Thread(target=self._work, args=(config, work), daemon=True)

    @property
    def going(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def _work(self, config: Recall, work: Callable[[Recall], Iterator[RecallRun]]) -> None:
        try:
            for state in work(config):
                self.latest = state
                if not self._watchers:
                    return
        except BaseException as wrong:  # the page shows it; nobody would see it in this thread
            self.failed = wrong


class Runs:
    """The runs of this server. Safe to use from several sessions at once."""

    def __init__(self, work: Callable[[Recall], Iterator[RecallRun]] = run_apart):
        self._work = work
        self._lock = threading.Lock()
        self._runs: dict[Recall, Run] = {}

    def begin(self, config: Recall, watcher: str) -> Run:
        """Watch the run of this configuration: the one that is going, or the one that is complete, or a new one."""
        with self._lock:
            run = self._runs.get(config)
            complete = run is not None and run.latest is not None and run.latest.complete
            # A run without watchers is about to end.
            if run is None or run.failed or not (complete or (run.going and run._watchers)):
                run = self._runs[config] = Run(config, self._work)
                run._watchers.add(watcher)
                run.start()
            run._watchers.add(watcher)
            self._forget()
            return run

    def leave(self, config: Recall, watcher: str) -> RecallRun | None:
        """Stop watching; the run ends when nobody watches. Returns what it had found."""
        with self._lock:
            run = self._runs.get(config)
            if run is None:
                return None
            run._watchers.discard(watcher)
            return run.latest

    def complete(self, config: Recall) -> RecallRun | None:
        """What a run of this configuration found, if one has been complete."""
        with self._lock:
            run = self._runs.get(config)
            return run.latest if run is not None and run.latest is not None and run.latest.complete else None

    def _forget(self) -> None:
        idle = [config for config, run in self._runs.items() if not run.going]
        for config in idle[: max(0, len(self._runs) - MOST_RUNS)]:
            del self._runs[config]


@st.cache_resource(show_spinner=False)
def _runs() -> Runs:
    return Runs()


@st.cache_data(max_entries=64, show_spinner=False)
def seconds(distances: tuple[int, ...], seeds: int, steps: int, symbols: int) -> float:
    """About how many seconds a run takes here, measured: see `experiment.estimate`."""
    return estimate(Recall(distances=distances, seeds=seeds, steps=steps, symbols=symbols))


def estimated(config: Recall) -> float:
    """`seconds` of a configuration. Timing changes torch's threads, so one at a time, and they are reset afterwards."""
    with _timing:
        try:
            return seconds(config.distances, config.seeds, config.steps, config.symbols)
        finally:
            torch.set_num_threads(_THREADS)


def begin(config: Recall) -> None:
    """Start the run: the action of “Train”. Raises UserError on a server for others."""
    serving.own_machine_only("Networks are trained")
    stop(config, keep=False)
    st.session_state["recall_run"] = config, _runs().begin(config, _me())


def stop(config: Recall, *, keep: bool = True) -> None:
    """Leave the run: the action of “Stop”. The results so far stay on this person's page."""
    watched, _ = st.session_state.pop("recall_run", (None, None))
    if watched is not None:
        found = _runs().leave(watched, _me())
        if keep and watched == config and found is not None:
            st.session_state["recall_stopped"] = config, found
    if not keep:
        st.session_state.pop("recall_stopped", None)


def going(config: Recall) -> Run | None:
    """The run that this person watches, while it is going. Leaves a run of another configuration."""
    watched, run = st.session_state.get("recall_run", (None, None))
    if watched is None:
        return None
    if watched != config:
        stop(config, keep=False)
        return None
    return run if run.going else None


def failed(config: Recall) -> bool:
    """Whether this person's run broke off by itself."""
    watched, run = st.session_state.get("recall_run", (None, None))
    return watched == config and run.failed is not None


def found(config: Recall) -> RecallRun | None:
    """The results to show: a complete run of anybody's, or those until this person stopped."""
    if (whole := _runs().complete(config)) is not None:
        return whole
    stopped, state = st.session_state.get("recall_stopped", (None, None))
    return state if stopped == config else None


def _me() -> str:
    """The name of this session among the watchers."""
    if "recall_watcher" not in st.session_state:
        import uuid

        st.session_state["recall_watcher"] = uuid.uuid4().hex
    return st.session_state["recall_watcher"]
