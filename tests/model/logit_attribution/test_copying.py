"""The copying score (METRICS §8), once more by brute force and by its definition."""

import numpy as np
import pandas as pd
import pytest
import torch

from dashboard import HeadId, UserError, builtin_corpus, copying
from dashboard.analyses.logit_attribution.copying import raised_most
from dashboard.analyses.logit_attribution.text import copying_finding
from dashboard.capture.language import language_head
from dashboard.corpus.sample import sample
from dashboard.export import Provenance, snippet
from tests.helpers.sentences import numbers, wording

SENTENCES = 12


def test_a_known_answer():
    """Three tokens, 300 pieces: 3 are the most raised, and an equal one stands before."""
    written = torch.zeros(1, 300)
    written[0, [5, 50, 100, 200]] = torch.tensor([4.0, 3.0, 2.0, 2.0])
    values = torch.tensor([[1.0], [-1.0], [0.0]])
    rows = torch.tensor([0, 0, 0, 0, 0, 1, 2])
    pieces = torch.tensor([5, 50, 100, 200, 7, 5, 5])
    assert raised_most(values, written, rows, pieces).tolist() == [True, True, False, False, False, False, False]


def test_a_token_is_ruled_out_early_only_where_it_would_be_in_the_end():
    torch.manual_seed(0)
    values, written = torch.randn(40, 6), torch.randn(6, 5000)
    rows, pieces = torch.arange(40).repeat(125), torch.arange(5000)
    logits = values[rows] @ written
    expected = (logits >= logits.gather(1, pieces[:, None])).sum(1) <= 50
    assert torch.equal(raised_most(values, written, rows, pieces), expected) and 20 < expected.sum() < 100


def test_by_brute_force(small):
    """A grouped model: a head's values are its group's. All logits of all tokens, sorted."""
    model = small("llama")
    encodings, _ = sample(model, builtin_corpus(), SENTENCES)
    table = copying(model, ["L1H0", "L1H3", "L2H2"], sentences=SENTENCES).table
    base, whole = model.loaded.model, language_head(model).model
    with torch.inference_mode():
        for row in table.itertuples():
            attention = base.layers[row.layer].self_attn
            group = row.head // 2
            w_v = attention.v_proj.weight[group * 8 : group * 8 + 8].T
            w_o = attention.o_proj.weight[:, row.head * 8 : row.head * 8 + 8].T
            hits, cases, next_hits, next_cases = [], [], [], []
            for encoding in encodings:
                own = [token for token, special in zip(encoding.ids, encoding.special, strict=True) if not special]
                vectors = base.embed_tokens.weight[own].double() @ w_v.double() @ w_o.double()
                logits = (vectors * base.norm.weight) @ whole.lm_head.weight.double().T
                best = logits.topk(30522 // 100).indices
                hits.append(sum(token in best[k] for k, token in enumerate(own)))
                next_hits.append(sum(after in best[k] for k, after in enumerate(own[1:])))
                cases.append(len(own))
                next_cases.append(len(own) - 1)
            assert row.copying == pytest.approx(sum(hits) / sum(cases), abs=1e-9)
            assert row.baseline == pytest.approx(sum(next_hits) / sum(next_cases), abs=1e-9)
            assert (row.sentences, row.tokens, row.pairs) == (SENTENCES, sum(cases), sum(next_cases))
            drawn = np.random.default_rng(0).integers(0, SENTENCES, (1000, SENTENCES))
            shares = np.array(hits)[drawn].sum(1) / np.array(cases)[drawn].sum(1)
            low, high = np.percentile(shares, [2.5, 97.5])
            assert (row.copying_low, row.copying_high) == pytest.approx((low, high), abs=1e-9)
    assert table["copying"].max() > 0


def test_a_head_of_smollm2_that_copies(smollm2, snapshot):
    found = copying(smollm2, ["L20H1", "L20H7"], sentences=SENTENCES)
    copies, not_so = found.table.itertuples()
    assert copies.copying_low > 0.4 > 0.15 > copies.baseline_high
    assert not_so.copying_high < not_so.baseline_low
    said = copying_finding(found.table, HeadId(20, 1))
    other = copying_finding(found.table, HeadId(20, 7))
    assert {copies.tokens, SENTENCES} <= set(numbers(said)) and {not_so.tokens, SENTENCES} <= set(numbers(other))
    assert round(100 * copies.copying) in numbers(said)
    assert [wording(said), wording(other)] == snapshot


@pytest.mark.parametrize(
    ("copying_of", "baseline_of", "verdict"),
    [
        ((0.5, 0.4, 0.6), (0.1, 0.05, 0.15), "So it copies."),
        ((0.1, 0.05, 0.15), (0.01, 0.0, 0.03), "So it copies some of them, not most."),
        (
            (0.02, 0.01, 0.03),
            (0.1, 0.05, 0.15),
            "So it does not copy: it more often raises the token that follows.",
        ),
        ((0.3, 0.2, 0.4), (0.2, 0.1, 0.3), "The two intervals overlap, so copying is not shown."),
        ((0.5, np.nan, np.nan), (0.1, np.nan, np.nan), "One sentence has no interval, so copying is not shown."),
    ],
)
def test_a_verdict_says_no_more_than_the_intervals(copying_of, baseline_of, verdict):
    row = {"layer": 0, "head": 0, "sentences": 1 if np.isnan(copying_of[1]) else 32, "tokens": 500, "pairs": 450}
    for name, found in (("copying", copying_of), ("baseline", baseline_of)):
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), found, strict=True))
    said = copying_finding(pd.DataFrame([row]), HeadId(0, 0))
    assert said.split("pairs). ")[1] == verdict


def test_the_lines_make_it_again_and_progress_is_told(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = []
    table = copying(small("gpt2"), sentences=1, progress=lambda share, said: told.append((share, said))).table
    assert len(table) == 12 and told[-1] == (1.0, "12 of 12 heads")
    assert table["copying_low"].isna().all()  # a single sentence has no interval
    exec(snippet(Provenance.from_dict(table.attrs["provenance"])), {})
    assert len(list(tmp_path.glob("*.csv"))) == 1


def test_what_has_no_copying_score_is_said(small, minilm, refuses):
    with refuses(UserError):
        copying(minilm, ["L0H0"], sentences=1)
    with refuses(UserError):  # its embeddings are not as long as its vectors
        copying(small("opt"), ["L0H0"], sentences=1)
