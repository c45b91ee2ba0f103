"""What a library raises, as one sentence."""

import pytest

from dashboard.errors import UserError
from dashboard.models.foreign import foreign, reason


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("the shapes differ\nand more"), "the shapes differ."),
        (RuntimeError("Errors in loading:\n  size mismatch for a\n  and b"), "Errors in loading: size mismatch for a."),
        (KeyError("rope_theta"), "“rope_theta” is missing, or not known."),
        (IndexError("index out of range in self"), "IndexError: index out of range in self."),
        (TypeError(), "TypeError."),
        (Exception("data did not match any variant"), "data did not match any variant."),
        (ImportError("\nIt needs the torchaudio library!\nInstall it"), "It needs the torchaudio library!"),
        (OSError("x" * 300), "x" * 200 + "…"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_reason_is_one_sentence(error, sentence):
    assert reason(error) == sentence


def test_what_a_model_raises_says_the_step_and_what_to_try(refuses):
    with refuses(UserError, "“a”", "AttributeError: no such thing"), foreign("Opening “a”", "Try b."):
        raise AttributeError("no such thing")
    with refuses(UserError, "“a”"), foreign("Opening “a”"):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …")
