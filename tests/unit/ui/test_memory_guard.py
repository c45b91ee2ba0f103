"""Where memory is short, results are let go first, then models; what fits a ceiling is what is free under it."""

import pytest

from dashboard import serving
from dashboard.errors import UserError
from dashboard.models import memory
from dashboard.serving import Rules, environment
from dashboard.ui import caches, results_cache
from dashboard.ui.server import memory_guard


@pytest.fixture
def guard(monkeypatch):
    """A guard that has not looked yet, and what it emptied, by the free bytes that it is told one after the other."""
    done = []

    def told(*free: int) -> list[str]:
        left = list(free)
        monkeypatch.setattr(memory_guard, "free_bytes", lambda: left.pop(0) if len(left) > 1 else left[0])
        return done

    monkeypatch.setattr(memory_guard, "_last", -memory_guard.PAUSE)
    monkeypatch.setattr(results_cache, "empty", lambda: done.append("results"))
    monkeypatch.setattr(caches, "close_all", lambda: done.append("models"))
    return told


def test_with_enough_memory_nothing_is_let_go(guard):
    done = guard(memory_guard.SHORT)
    assert not memory_guard.look() and done == []


def test_results_go_first_and_models_only_where_that_is_not_enough(guard):
    done = guard(memory_guard.SHORT - 1, memory_guard.SHORT)
    assert memory_guard.look() and done == ["results"]
    done = guard(0)
    assert not memory_guard.look() and done == ["results"]  # something else may take it: not at every click


def test_models_go_where_results_do_not_free_enough(guard):
    done = guard(memory_guard.SHORT - 1)
    assert memory_guard.look() and done == ["results", "models"]


def test_every_cache_of_results_is_emptied():
    made = []

    @results_cache.cached(tokens=len)
    def result(text: str) -> str:
        made.append(text)
        return text.upper()

    long = "a" * (results_cache.FEW_TOKENS + 1)
    for text in ("a", long, "a", long):
        assert result(text) == text.upper()
    assert made == ["a", long]
    results_cache.empty()
    assert result("a") == "A" and made == ["a", long, "a"]


def test_a_ceiling_leaves_what_the_process_does_not_take(monkeypatch):
    monkeypatch.setattr(memory, "used_bytes", lambda: 1_500_000_000)
    without = memory.free_bytes()
    [(name, value)] = environment(Rules(memory_gigabytes=2)).items()
    monkeypatch.setenv(name, value)
    assert memory.free_bytes() == min(without, 500_000_000)
    assert memory.dtype_that_fits(10_000_000, 1_000_000) == "float32"
    with pytest.raises(UserError, match="free"):
        memory.check_fits(100_000_000, 1_000_000, "large")
    monkeypatch.setattr(memory, "used_bytes", lambda: 3_000_000_000)
    assert memory.free_bytes() == 0
    monkeypatch.delenv(serving.VARIABLE)
    assert memory.used_bytes() == 3_000_000_000 and memory.free_bytes() > 0
