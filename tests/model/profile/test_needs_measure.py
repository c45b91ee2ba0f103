"""The whole measurement: against the library's own head, stopped and gone on with, and of heads whose job is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

from dashboard import needs, open_model
from dashboard.analyses.profile import needs_job as job
from dashboard.analyses.profile.explained import MODELS as GROUPS
from dashboard.analyses.profile.needs import measure as measured
from dashboard.analyses.profile.needs.head_models import MODELS, fitted
from dashboard.analyses.profile.needs.measure import measure
from dashboard.analyses.profile.needs_job import MEASUREMENT, SO_FAR, Request
from dashboard.builtin import known_truth
from dashboard.builtin.known_truth.made_language import sentences, treebank
from dashboard.capture.interventions import with_outputs
from dashboard.cli import main
from dashboard.corpus.sample import parsed_sample
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, heads_of
from tests.helpers import tiny
from tests.helpers.eager import softmax_changed
from tests.helpers.measurements import nothing_measured
from tests.helpers.replaced import replace_rows

SILENT = lambda fraction, sentence: None  # noqa: E731


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """Sentences of the made language with their parses."""
    path = tmp_path_factory.mktemp("needs") / "made.conllu"
    path.write_text(treebank(sentences(60, seed=3)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    folder = tmp_path_factory.mktemp("needs") / "gpt2"
    folder.mkdir()
    tiny.make("gpt2", folder, head="causal")
    return open_model(str(folder))


def test_a_models_shares_by_a_plain_loop(gpt2, treebank_of_ten):
    used, _ = parsed_sample(gpt2, treebank_of_ten)
    models, bits, indices, _ = fitted(gpt2, treebank_of_ten, used, True, SILENT)
    sentence, encoding = next(one for one in used if one[0].index == 3)
    features = models.features(sentence, encoding)
    found = models.shares(features, sentence.index, slice(4, 8), causal=True).numpy()
    dense = models.space.dense(features).reshape(features.m, features.m, -1)
    names = {"position": "pos", "position_syntax": "pos_syn", "position_context": "pos_ctx", "all": "all"}
    for at, name in enumerate(MODELS):
        for i in range(features.m):
            if name == "even":
                scores = np.zeros((i, 4))
            else:  # an odd sentence, so by the models of the even ones
                columns = models.space.columns(*GROUPS[names[name]])
                scores = dense[i, :i][:, columns] @ models.theta[name][0][:, 4:8]
            p = np.exp(scores) / np.exp(scores).sum(0)
            assert np.allclose(found[at, :, i, :i], p.T, atol=1e-5) and not found[at, :, i, i:].any()
    assert len(bits) == 12 and indices == list(range(10))


@pytest.fixture(scope="module")
def treebank_of_ten(tmp_path_factory, treebank):
    """The first ten sentences that can be used."""
    path = tmp_path_factory.mktemp("needs") / "ten.conllu"
    blocks = treebank.read_text().split("\n\n")[2:12]
    path.write_text("\n\n".join(blocks) + "\n\n")
    return path


@torch.inference_mode()
def test_the_losses_are_those_of_the_librarys_own_head(gpt2, treebank_of_ten):
    head = HeadId(1, 2)
    found = measure(gpt2, treebank_of_ten, [head], sentences=3)
    used, _ = parsed_sample(gpt2, treebank_of_ten)
    models = fitted(gpt2, treebank_of_ten, used, True, SILENT)[0]
    some = [used[k * len(used) // 3] for k in range(3)]
    root = AutoModelForCausalLM.from_pretrained(
        gpt2.source.folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()

    def loss(encoding, change):
        ids = torch.tensor(encoding.ids)
        with softmax_changed(1, change):
            logits = root(ids[None]).logits[0].double()
        each = torch.nn.functional.cross_entropy(logits[:-1], ids[1:], reduction="none")
        return float(each[[k - 1 for k, special in enumerate(encoding.special) if k and not special]].sum())

    for text, (sentence, encoding) in enumerate(some):
        intact = loss(encoding, lambda rows: None)

        def zero(rows):
            rows[2] = 0

        assert found.ablated[text, 0] == pytest.approx(loss(encoding, zero) - intact, abs=1e-4)
        shares = models.shares(models.features(sentence, encoding), sentence.index, slice(6, 7), causal=True)[:, 0]
        for at in range(len(MODELS)):

            def change(rows, at=at, shares=shares, encoding=encoding):
                replace_rows(rows[2], encoding.word_of, shares[at].numpy(), True)

            assert found.replaced[text, 0, at] == pytest.approx(loss(encoding, change) - intact, abs=1e-4)
    assert abs(found.replaced).max() > 1e-2 and found.tokens.tolist() == [len(one) - 1 for _, one in some]


@torch.inference_mode()
def test_a_masked_models_losses_are_read_where_each_token_is_masked(small, treebank_of_ten):
    model = small("bert")
    every = measure(model, treebank_of_ten, [HeadId(1, head) for head in range(4)], sentences=2)
    column = next(k for k in range(4) if not np.isnan(every.replaced[:, k]).any())
    ablated, replaced = every.ablated[:, column], every.replaced[:, column]
    used, _ = parsed_sample(model, treebank_of_ten)
    models = fitted(model, treebank_of_ten, used, True, SILENT)[0]
    mask = model.loaded.tokenizer.mask_token_id
    root = AutoModelForMaskedLM.from_pretrained(
        model.source.folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()

    def loss(encoding, change):
        """Σ over the tokens that are not special, each masked in a pass of its own."""
        total = 0.0
        for place, special in enumerate(encoding.special):
            if not special:
                ids = torch.tensor([[*encoding.ids[:place], mask, *encoding.ids[place + 1 :]]])
                with softmax_changed(1, change):
                    logits = root(ids).logits[0, place].double()
                total -= float(logits.log_softmax(0)[encoding.ids[place]])
        return total

    def zero(rows):
        rows[column] = 0

    for text, (sentence, encoding) in enumerate(used[k * len(used) // 2] for k in range(2)):
        intact = loss(encoding, lambda rows: None)
        assert ablated[text] == pytest.approx(loss(encoding, zero) - intact, abs=1e-3)
        shares = models.shares(
            models.features(sentence, encoding), sentence.index, slice(4 + column, 5 + column), causal=False
        )[:, 0]
        for at in range(len(MODELS)):

            def change(rows, at=at, shares=shares, encoding=encoding):
                replace_rows(rows[column], encoding.word_of, shares[at].numpy(), False)

            assert replaced[text, at] == pytest.approx(loss(encoding, change) - intact, abs=1e-3)
    assert abs(replaced).max() > 1e-2
    assert every.tokens.tolist() == [sum(not one for one in used[k * len(used) // 2][1].special) for k in range(2)]


class Stopped(Exception):
    """As a job is stopped by a person."""


def test_the_job_goes_on_where_it_was_stopped(gpt2, treebank_of_ten, tmp_path, monkeypatch):
    nothing_measured(monkeypatch, MEASUREMENT, tmp_path / "cache")
    monkeypatch.setattr("dashboard.analyses.profile.needs.api.builtin_corpus", lambda: treebank_of_ten)
    monkeypatch.setattr("dashboard.analyses.profile.needs.measure.EVERY", 0.0)
    whole = job.measured(gpt2, None, None, sentences=4)
    request = Request.of(gpt2, sentences=4)
    assert MEASUREMENT.find(request) is None and MEASUREMENT.resumes
    file, said, runs = MEASUREMENT.folder(request) / SO_FAR, [], []

    def until_replaced(done, what):
        said.append(done)
        if "Replacing" in what:
            raise Stopped

    settings = {"model": gpt2.name, "path": "", "limit": None, "work": job.__name__} | request.options
    with pytest.raises(Stopped):
        MEASUREMENT.make(file.parent, settings, until_replaced)
    assert file.exists() and said == sorted(said)
    monkeypatch.setattr(measured, "with_outputs", lambda *args: runs.append(args[2]) or with_outputs(*args))
    monkeypatch.setattr("dashboard.analyses.profile.needs.state.fitted", None)  # nothing is fitted again
    MEASUREMENT.make(file.parent, settings, SILENT)
    assert runs == [1, 2] and not file.exists()  # the first layer was done, all ablations were
    pd.testing.assert_frame_equal(MEASUREMENT.find(request).table, whole.table)


def test_each_head_needs_what_its_job_is_made_of(tmp_path, bank):
    """An encoder of the made language, whose heads have known jobs."""
    folder = known_truth.write(tmp_path / "parse", "parse", 1)
    heads = {name: head for head, held in known_truth.jobs_in(folder).items() for name in held}
    found = needs(open_model(str(folder)), bank, [heads[name] for name in ("previous", "next", "topic", "head")])
    table = {head: row for head, (_, row) in zip(heads_of(found.table), found.table.iterrows(), strict=True)}
    for name in ("previous", "next"):
        row = table[heads[name]]
        assert row["kept_position"] == pytest.approx(1, abs=1e-3) and row["kept_even"] < 0.5
    for name, own in (("head", "position_syntax"), ("topic", "position_context")):
        row = table[heads[name]]
        assert row["kept_position"] == pytest.approx(row["kept_even"], abs=0.05)  # position is no help
        assert row[f"kept_{own}"] > 0.85 and row["kept_all"] > 0.85
    assert table[heads["head"]]["kept_syntax"] > 0.4 > 0.05 > abs(table[heads["head"]]["kept_context"])
    assert table[heads["topic"]]["kept_context"] > 0.4 > 0.05 > abs(table[heads["topic"]]["kept_syntax"])


def test_a_position_head_keeps_all_by_position_and_a_content_head_nothing(tmp_path):
    """Words that come twice in a row: one head of the circuit looks one back, the other for what followed the word."""
    known, random = known_truth.build("induction", 1), np.random.default_rng(0)
    folder = known_truth.write(tmp_path / "induction", "induction", 1)
    lines = []
    for number in range(1, 31):
        half = list(random.choice(known.plain, int(random.integers(4, 13)), replace=False))
        lines += [f"# sent_id = {number}", f"# text = {' '.join(half + half)}"]
        for place, word in enumerate(half + half, 1):
            lines.append(f"{place}\t{word}\t{word}\tNOUN\t_\t_\t{place - 1}\t{'dep' if place > 1 else 'root'}\t_\t_")
        lines.append("")
    path = tmp_path / "twice.conllu"
    path.write_text("\n".join(lines) + "\n")
    heads = {name: head for head, held in known_truth.jobs_in(folder).items() for name in held}
    table = needs(open_model(str(folder)), path, [heads["previous"], heads["induction"]], sentences=15).table
    assert (table["loss_change_low"] > 0.5).all()
    before, again = (row for _, row in table.iterrows())
    assert before["kept_position"] == pytest.approx(1, abs=1e-4) and before["kept_even"] < 0.9
    assert again["kept_position"] < 0.1 and again["kept_even"] < 0.1


def test_the_command_writes_a_table_and_a_picture(gpt2, treebank_of_ten, tmp_path, capsys):
    table, picture = tmp_path / "needs.csv", tmp_path / "needs.svg"
    asked = ["needs", str(treebank_of_ten), "--model", gpt2.name, "--heads", "L1H2,L0H0", "--sentences", "3"]
    assert main([*asked, "--out", str(table)]) == 0
    found = needs(gpt2, treebank_of_ten, ["L0H0", "L1H2"], sentences=3)
    assert np.allclose(pd.read_csv(table), found.table.astype(float), atol=1e-6, equal_nan=True)
    said = capsys.readouterr().out
    assert ("even spread" in said and "Spearman" in said) or "Too few" in said
    assert main([*asked, "--figure", "position", "--out", str(picture)]) == 0
    assert picture.read_text().startswith("<svg")


def test_what_cannot_be_measured_is_refused(gpt2, treebank_of_ten, tmp_path, refuses):
    short = tmp_path / "one.conllu"
    short.write_text(treebank_of_ten.read_text().split("\n\n")[0] + "\n\n")
    with refuses(UserError, "one.conllu"):
        needs(gpt2, short, ["L0H0"])
    with refuses(UserError, "L0H9"):
        needs(gpt2, treebank_of_ten, ["L0H9"])
