"""What a head writes, each number computed a second way: from the model's own modules, by their names."""

from pathlib import Path

import altair as alt
import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from dashboard import UserError, copying, draw_logit_attribution, logit_attribution, logit_components, open_model
from dashboard.analyses.logit_attribution.direct import MOST, attribution_baseline, direct_path, logit_changes
from dashboard.analyses.logit_attribution.parts import part_logits, stream_parts
from dashboard.analyses.logit_attribution.text import attribution_finding
from dashboard.capture.language import language_head
from dashboard.capture.unembedding import Unembedding, final_norm, unembedding
from dashboard.charts.theme import PALETTES
from dashboard.export import Provenance, snippet
from dashboard.text.display import vocabulary_labels
from tests.helpers.sentences import numbers, wording
from tests.helpers.small import SMALL

TEXT = "The chef who trained in Osaka says ramen is her favourite food."
BIASED = {
    "gpt2": SMALL | {"n_inner": 48},
    "opt": SMALL | {"ffn_dim": 48, "word_embed_proj_dim": 16},
    "granite": SMALL | {"num_key_value_heads": 2, "residual_multiplier": 0.5, "logits_scaling": 4.0},
    "gemma2": SMALL | {"num_key_value_heads": 2, "head_dim": 8, "final_logit_softcapping": None},
}


@pytest.fixture(scope="module")
def biased(minilm, peaked_weights, tmp_path_factory):
    """Small language models all of whose biases and norms say something."""
    made = {}

    def of(kind):
        if kind not in made:
            torch.manual_seed(1)
            model = peaked_weights(AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **BIASED[kind])))
            with torch.no_grad():
                for parameter in model.parameters():
                    if parameter.dim() == 1:
                        parameter.add_(0.3 * torch.randn_like(parameter))
            folder = tmp_path_factory.mktemp("biased") / kind  # its title, whatever was made before it
            folder.mkdir()
            model.save_pretrained(folder)
            for file in Path(minilm.source.folder).glob("*token*"):
                (folder / file.name).write_bytes(file.read_bytes())
            made[kind] = open_model(str(folder))
        return made[kind]

    return of


@pytest.fixture
def opened(request, biased, smollm2):
    return lambda kind: smollm2 if kind == "smollm2" else biased(kind)


def by_hand(centred):
    """Two numbers, three pieces: gain 1 and 2, the logits a, b and a − b, and nothing else."""
    two, three = torch.zeros(2), torch.zeros(3)
    unembedding = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, -1.0]])
    return Unembedding(lambda x: x @ unembedding, None, (), torch.tensor([1.0, 2.0]), centred, two, three, three)


def test_a_known_answer():
    vectors = torch.tensor([[1.0, 2.0], [4.0, 0.0]])
    assert logit_changes(by_hand(False), vectors, 0.5).tolist() == [[0.5, 2.0, -1.5], [2.0, 0.0, 2.0]]
    # less their means, 1.5 and 2: (−0.5, 0.5) and (2, −2)
    assert logit_changes(by_hand(True), vectors, 0.5).tolist() == [[-0.25, 0.5, -0.75], [1.0, -2.0, 3.0]]


@pytest.mark.parametrize("kind", ["smollm2", "gpt2", "opt", "granite"])
def test_all_parts_sum_to_the_models_own_logits(kind, opened):
    """The embedding, every head, every bias, every feed-forward part and the constant: to 1e-3 of a logit."""
    model = opened(kind)
    encoding = model.encode(TEXT)
    path = direct_path(model, encoding)
    ids = torch.tensor([encoding.ids])
    with torch.inference_mode():
        last = model.loaded.model(ids).last_hidden_state[0]
        own = language_head(model)(last)
        for query in (0, 9):  # the start token's vector is a hundred times as long as others
            parts = stream_parts(model, encoding, query)
            kinds = parts.names["part"].value_counts().to_dict()
            assert kinds["embedding"] == 1 and kinds["head"] == model.layers * model.heads
            assert kinds["feed_forward"] == model.layers
            assert kinds.get("bias", 0) == (model.layers if kind in ("gpt2", "opt") else 0)
            total = sum(block.sum(0).double() for block in part_logits(path, parts, query)) + path.unembedding.constant
            assert float((total - own[query]).abs().max()) < 1e-3
            if not path.unembedding.rest:  # the same before the unembedding: the frozen norm of the sum is the norm
                normed = (
                    path.unembedding.frozen(parts.vectors.double(), path.scale[query]).sum(0) + path.unembedding.offset
                )
                assert float((normed - last[query]).abs().max()) < 1e-3 * float(last[query].abs().max())


@pytest.mark.parametrize("kind", ["gpt2", "smollm2"])
def test_a_head_by_the_models_own_modules(kind, opened):
    """Its slice of what the output projection takes, its rows of the weights, the norm's formula, the embeddings."""
    model, query, layer, head = opened(kind), 9, 1, 2
    encoding, base = model.encode(TEXT), model.loaded.model
    path = f"h.{layer}.attn.c_proj" if kind == "gpt2" else f"layers.{layer}.self_attn.o_proj"
    norm = base.ln_f if kind == "gpt2" else base.norm
    modules, seen = dict(base.named_modules()), {}
    handles = [
        modules[path].register_forward_pre_hook(lambda _m, args: seen.update(joined=args[0][0, query])),
        norm.register_forward_pre_hook(lambda _m, args: seen.update(x=args[0][0, query].double())),
    ]
    with torch.inference_mode():
        base(torch.tensor([encoding.ids]))
        for handle in handles:
            handle.remove()
        d = seen["joined"].numel() // model.heads
        weights = modules[path].weight if kind == "gpt2" else modules[path].weight.T
        own = slice(head * d, (head + 1) * d)
        vector, x = (seen["joined"][own] @ weights[own]).double(), seen["x"]
        if kind == "gpt2":
            vector, spread = vector - vector.mean(), (x.var(correction=0) + norm.eps).sqrt()
        else:
            spread = (x.square().mean() + norm.variance_epsilon).sqrt()
        expected = (vector / spread * norm.weight) @ base.get_input_embeddings().weight.double().T
    assert float(final_norm(model, encoding, unembedding(model, encoding))[0][query] * spread) == pytest.approx(
        1, abs=1e-5
    )
    found = logit_attribution(model, TEXT, f"L{layer}H{head}", query)
    order = expected.argsort(descending=True)
    size = float(expected.abs().max())
    assert found.raised["id"].tolist() == order[:MOST].tolist()
    assert found.lowered["id"].tolist() == order.flip(0)[:MOST].tolist()
    assert np.allclose(found.raised["logit"], expected[order[:MOST]], atol=1e-4 * size)
    assert np.allclose(found.lowered["logit"], expected[order.flip(0)[:MOST]], atol=1e-4 * size)
    assert found.mean == pytest.approx(float(expected.mean()), abs=1e-5 * size)
    assert found.vocabulary == len(expected)


def test_what_it_read_is_the_heads_row(smollm2):
    from dashboard import attention

    found, view = logit_attribution(smollm2, TEXT, "L20H1", 9), attention(smollm2, TEXT, "L20H1")
    places = found.read["position"].tolist()
    assert places == np.argsort(-view.weights[9], kind="stable")[: len(places)].tolist() and len(places) == MOST
    assert np.allclose(found.read["weight"], view.weights[9][places], atol=1e-5)
    assert found.read["text"].tolist() == [view.labels[place] for place in places]
    assert max(places) <= 9
    table = found.table
    assert table["kind"].value_counts().to_dict() == {"raised": MOST, "lowered": MOST, "read": MOST}
    pieces = table[table["kind"] != "read"]
    assert np.allclose(pieces["beyond_mean"], pieces["logit"] - found.mean)
    assert attribution_finding(found).startswith(
        f"L20H1, after “·ra”: it raises “{found.raised['piece'][0]}” most (+0."
    )


def test_whether_it_writes_the_same_everywhere(biased, smollm2, snapshot):
    """Against the table of each other token, one after the other; the first token is left out."""
    model, query = biased("gpt2"), 5
    found = logit_attribution(model, TEXT, "L1H2", query)
    others = [token for token in range(1, len(model.encode(TEXT))) if token != query]
    ids = set(found.raised["id"])
    each = [len(ids & set(logit_attribution(model, TEXT, "L1H2", other).raised["id"])) / MOST for other in others]
    assert found.others == len(others) and found.alike == pytest.approx(np.mean(each)) and 0 < found.alike < 1
    said = attribution_baseline(found)
    assert {float(f"{10 * found.alike:.1f}"), 10} <= set(numbers(said)) and wording(said) == snapshot
    lone = logit_attribution(smollm2, "a", "L1H2", 0, bos=False)
    assert np.isnan(lone.alike) and attribution_baseline(lone) == ""


def test_the_parts_of_one_logit(biased, refuses):
    model = biased("gpt2")
    with torch.inference_mode():
        own = language_head(model)(model.loaded.model(torch.tensor([model.encode(TEXT).ids])).last_hidden_state[0])[5]
    best = logit_components(model, TEXT, 5)
    assert best.piece == int(own.argmax())
    assert best.table["logit"].sum() == pytest.approx(float(own.max()), abs=1e-3)
    other = logit_components(model, TEXT, 5, 7)
    assert other.table["logit"].sum() == pytest.approx(float(own[7]), abs=1e-3)
    assert other.label == model.loaded.tokenizer.convert_ids_to_tokens(7)
    assert vocabulary_labels(model.loaded.tokenizer, [7, 30522]) == [other.label, "[30522]"]  # no piece has this number
    with refuses(UserError, "0 to 30521"):
        logit_components(model, TEXT, 5, 30522)


def test_what_cannot_be_told_apart_is_said(small, biased, minilm, smollm2, refuses):
    with refuses(UserError):
        logit_attribution(minilm, TEXT, "L0H0", 1)
    with refuses(UserError):  # a softcap on the logits
        logit_attribution(small("gemma2"), TEXT, "L0H0", 1)
    with refuses(UserError):  # so that no slice reaches the stream as it is
        logit_attribution(biased("gemma2"), TEXT, "L0H0", 1)
    with refuses(UserError):
        copying(biased("gemma2"), ["L0H0"], sentences=1)
    with refuses(UserError, "L40H0"):
        logit_attribution(smollm2, TEXT, "L40H0", 1)
    for query in (-1, 16):
        with refuses(UserError, "0 to 15"):
            logit_attribution(smollm2, TEXT, "L0H0", query)


@pytest.mark.parametrize(("theme", "width"), [("light", 980), ("dark", 320)])
def test_the_picture(smollm2, theme, width):
    found = logit_attribution(smollm2, TEXT, "L20H1", 9)
    drawn = draw_logit_attribution(found, theme=theme, width=width)
    spec = alt.Chart.from_dict(drawn.to_dict()).to_dict()
    boxes = [one for layer in spec["layer"] for one in layer["data"]["values"] if "fill" in one and "tip" in one]
    p = PALETTES[theme]
    middle = min(one["x"] for one in boxes if one["fill"] == p.plus)
    for colour, frame in ((p.plus, found.raised), (p.minus, found.lowered)):
        mine = [one for one in boxes if one["fill"] == colour]
        lengths = np.array([one["x2"] - one["x"] for one in mine])
        assert len(mine) == MOST and (lengths > 0).all()
        assert all(abs(one["x" if colour == p.plus else "x2"] - middle) < 0.11 for one in mine)
        ratio = np.abs(frame["logit"]) / max(*np.abs(found.raised["logit"]), *np.abs(found.lowered["logit"]))
        assert np.allclose(lengths, ratio * max(one["x2"] - one["x"] for one in boxes if one["fill"] != p.ink), atol=1)
    assert all(0 <= one["x"] <= one["x2"] <= width for one in boxes)
    assert drawn.description == attribution_finding(found)


def test_the_lines_make_it_again(biased, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = logit_attribution(biased("gpt2"), TEXT, "L2H1", 9, bos=False)
    exec(snippet(draw_logit_attribution(found, theme="dark", width=600).provenance), {})
    exec(snippet(Provenance.from_dict(found.table.attrs["provenance"])), {})
    assert {file.suffix for file in tmp_path.iterdir()} == {".svg", ".csv"}
    assert found.raised["piece"][0] in next(tmp_path.glob("*.csv")).read_text(encoding="utf-8")
