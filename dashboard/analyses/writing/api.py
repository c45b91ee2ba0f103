"""What a causal language model writes after a text: for the page, the command line and a notebook.

found = write(open_model("smollm2"), "The keys to the cabinet", tokens=20)
found.text                                       # what was written
found.table                                      # a row per token: its probability, and its alternatives
save(draw_written(found), "written.svg")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dashboard.analyses.writing.charts import alternatives_chart, written_chart
from dashboard.analyses.writing.sampling import Sampling
from dashboard.analyses.writing.tokens import Written, WrittenToken, open_ended, writer_of, written_of, written_tokens
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part, Text, given
from dashboard.export.provenance import origin
from dashboard.text import Encoding
from dashboard.text.chat import chat_text, has_chat

Progress = Callable[[float, str], None]


def write(
    model: AttentionModel,
    text: str | Encoding,
    *,
    tokens: int = 50,
    temperature: float = 0.0,
    top_k: int = 0,
    seed: int = 0,
    bos: bool = True,
    progress: Progress | None = None,
) -> Written:
    """Let a causal language model write on after a text, until it ends its text or there are so many tokens.

    Greedy at temperature 0: each token is the most probable one, as with `model.generate(do_sample=False)` where the
    model's own settings penalise and forbid no token. Else token i is drawn with probability ∝ exp(z_i / temperature)
    among the `top_k` largest logits z.

    Parameters
    ----------
    tokens: how many at most; fewer where the model takes no longer text
    temperature: 0 or more
    top_k: 0 for the whole vocabulary
    seed: the same seed gives the same text
    bos: whether a start token goes before the text, as in `dashboard.attention`
    progress: called with the fraction done and a sentence; an exception it raises stops the work

    Raises UserError for a model that predicts no next token, an empty or too long text, and impossible numbers.
    """
    sampling, prompt = Sampling(temperature, top_k, seed), _prompt(model, text, tokens, bos)
    done: list[WrittenToken] = []
    for token in written_tokens(model, prompt, tokens, sampling):
        done.append(token)
        if progress:
            progress(len(done) / tokens, f"{len(done):,} of {tokens:,} tokens")
    return finished(model, prompt, done, sampling, bos=bos)


def write_tokens(
    model: AttentionModel,
    text: str | Encoding,
    *,
    tokens: int = 50,
    temperature: float = 0.0,
    top_k: int = 0,
    seed: int = 0,
    bos: bool = True,
) -> Iterator[WrittenToken]:
    """The tokens that `write` writes, each as soon as it is there: number, label, probability, rank, alternatives.

    Stop the loop at any token. Arguments and errors: as in `write`.
    """
    sampling, prompt = Sampling(temperature, top_k, seed), _prompt(model, text, tokens, bos)
    return written_tokens(model, prompt, tokens, sampling)


def chat_prompt(model: AttentionModel, message: str, *, system: str = "") -> str:
    """A message with its roles, as the tokenizer's own chat template writes it, up to where the answer begins.

    system: the system message; "" leaves it to the template
    Raises UserError for a model whose tokenizer has no chat template, and where the template refuses this.
    """
    if not has_chat(model.loaded.tokenizer):
        raise UserError(f"The tokenizer of {model.title} has no chat template. Write the prompt as plain text.")
    return chat_text(model.loaded.tokenizer, message, system)


def draw_written(
    found: Written,
    *,
    place: int | None = None,
    epoch: int | None = None,
    theme: Theme = "light",
    width: float | None = None,
) -> Drawing:
    """Draw what was written: each token over its probability, after the end of the prompt.

    place: the written token that is framed, from 0; epoch: as in `dashboard.draw_ablation`; theme, width: as in `draw`
    """
    made = provenance_of_written(found, "draw_written", theme=theme, width=width)
    return written_chart(found, Look(theme, width), place, epoch).made_of(made)


def draw_alternatives(found: Written, place: int, *, theme: Theme = "light", width: float | None = None) -> Drawing:
    """Draw a written token and the most probable alternatives in its place, as bars.

    place: which of the written tokens, from 0; theme, width: as in `draw`
    Raises UserError for a token that does not exist.
    """
    made = provenance_of_written(found, "draw_alternatives", place, theme=theme, width=width)
    return alternatives_chart(found, place, Look(theme, width)).made_of(made)


def finished(
    model: AttentionModel, prompt: Encoding, tokens: list[WrittenToken], sampling: Sampling, *, bos: bool
) -> Written:
    """What was written, its table with its provenance. prompt: see `open_ended`"""
    return recorded(written_of(model, prompt, tokens, sampling, bos=bos))


def recorded(found: Written) -> Written:
    """It, its table with its provenance."""
    found.table.attrs["provenance"] = provenance_of_written(found).to_dict()
    return found


def provenance_of_written(found: Written, draws: str = "", *args: int, **drawing: object) -> Provenance:
    """The provenance of the table, or of the picture that the function `draws` makes of it.

    args: its further arguments; drawing: its options
    """
    look, made = given(**drawing), call_of(found)
    call = Call(draws, (made, *args), look, "figure") if draws else Part(made, "table", "table")
    of = Model(found.name, found.revision, found.model)
    options = dict(made.kwargs) | ({"place": args[0]} if args else {}) | look
    return origin(of, found.prompt.text, "written", call, unit="tokens", options=options)


def provenance_of_heads(found: Written, place: int, **drawing: object) -> Provenance:
    """The provenance of the direct contributions of the heads to a written token's logit, as
    `dashboard.logit_components` gives them, or (`drawing`) of their picture."""
    look, of = given(**drawing), Model(found.name, found.revision, found.model)
    asked = {"query": found.position(place) - 1, "piece": found.tokens[place].id}
    parts = Call("logit_components", (of, Part(call_of(found), "encoding")), asked, to="parts")
    call = Call("draw_logit_components", (parts,), look, "figure") if look else Part(parts, "table", "table")
    return origin(of, found.encoding.text, "logit-parts", call, unit="tokens", options=asked | look)


def call_of(found: Written) -> Call:
    """The call of `write` that writes the same tokens again."""
    sampling, of = found.sampling, Model(found.name, found.revision, found.model)
    how: dict[str, object] = {"tokens": max(1, len(found.tokens)), "bos": found.bos}
    if not sampling.greedy:
        how |= {"temperature": sampling.temperature, "top_k": sampling.top_k, "seed": sampling.seed}
    return Call("write", (of, Text(found.prompt.text)), how, to="found")


def _prompt(model: AttentionModel, text: str | Encoding, tokens: int, bos: bool) -> Encoding:
    """The text to write on from. Raises UserError where nothing can be written after it."""
    if tokens < 1:
        raise UserError(f"{tokens} tokens cannot be written. Ask for 1 or more.")
    writer_of(model)
    return open_ended(text if isinstance(text, Encoding) else model.encode(text, bos=bos))
