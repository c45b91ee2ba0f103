"""The public functions and the command, against hooks on the library's own model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from dashboard import patch, patch_path
from dashboard.analyses.patching.first_pair import first_pair
from dashboard.analyses.patching.pair import pair_of
from dashboard.analyses.patching.text import patch_finding, path_finding
from dashboard.cli import main
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, heads_of
from tests.helpers import patched
from tests.helpers.sentences import heads_in

A, B = "The keys to the cabinet", "The key to the cabinet"
HEADS = ["L26H0", "L27H8", "L29H3"]
ANSWERS = ("are", "is")


@pytest.fixture(scope="module")
def smollm2(opened):
    return opened("smollm2")


@pytest.fixture(scope="module")
def found(smollm2):
    return patch(smollm2, A, B, answers=ANSWERS, heads=HEADS, direct=True)


def test_the_table_is_that_of_hooks(found, smollm2):
    root = patched.librarys(smollm2)
    modules = patched.projections(root)
    ids = [smollm2.encode(text).ids for text in (A, B)]
    are, its = (smollm2.encode(f"{A} {word}").ids[-1] for word in ANSWERS)
    donor = patched.taken(root, ids[0], modules)
    m_a, m_b = (float(one[are] - one[its]) for one in (patched.logits(root, text) for text in ids))
    assert (found.m_a, found.m_b) == (pytest.approx(m_a, abs=1e-4), pytest.approx(m_b, abs=1e-4))
    assert list(map(str, heads_of(found.table))) == HEADS
    for head, m, recovered in zip(heads_of(found.table), found.table["m"], found.table["recovered"], strict=True):
        with patched.inputs_changed({modules[head.layer]: patched.with_head(donor[head.layer], head.head, 9)}):
            logits = patched.logits(root, ids[1])
        assert m == pytest.approx(float(logits[are] - logits[its]), abs=1e-4)
        assert recovered == pytest.approx((float(logits[are] - logits[its]) - m_b) / (m_a - m_b), abs=1e-4)


def test_what_ships_is_what_is_measured(found):
    shipped = first_pair()
    assert (shipped.text, shipped.other, shipped.typed, shipped.revision) == (A, B, ANSWERS, found.revision)
    assert len(shipped.table) == 270 and (shipped.m_a, shipped.m_b) == pytest.approx((found.m_a, found.m_b), abs=1e-4)
    every = shipped.table.set_index(["layer", "head"])
    for row in found.table.to_dict("records"):
        for name in ("m", "recovered", "m_direct", "direct"):
            assert every.loc[(row["layer"], row["head"]), name] == pytest.approx(row[name], abs=1e-4)


def test_each_token_and_a_word(found, smollm2):
    each = patch(smollm2, A, B, answers=ANSWERS, heads=HEADS[:1], position="each", direct=True)
    assert each.table["token"].tolist() == list(smollm2.encode(B).drawn)
    assert each.table["recovered"][:2].tolist() == [0, 0]  # before the texts differ
    word = patch(smollm2, A, B, answers=ANSWERS, heads=HEADS[:1], position="cabinet")
    assert word.table["recovered"][0] == pytest.approx(each.table["recovered"].iloc[-1], abs=1e-5)
    direct = each.table["direct"]
    assert (direct[:-1] == 0).all() and direct.iloc[-1] == pytest.approx(found.table["direct"][0])
    with pytest.raises(UserError, match="mouse"):
        patch(smollm2, A, B, answers=ANSWERS, heads=HEADS[:1], position="mouse")


def test_feed_forward_parts_have_rows_without_a_head(smollm2):
    found = patch(smollm2, A, B, answers=ANSWERS, heads=HEADS[:1], mlps=True)
    assert found.table["head"].isna().sum() == smollm2.layers and len(found.table) == smollm2.layers + 1
    assert heads_in(patch_finding(found)) == HEADS[:1]


def test_answers_that_nobody_named_are_the_models_own(smollm2):
    a, b = "The capital of France is the city of", "The capital of Italy is the city of"
    pair = pair_of(smollm2, smollm2.encode(a), smollm2.encode(b))
    root = patched.librarys(smollm2)
    logits = [patched.logits(root, smollm2.encode(text).ids) for text in (a, b)]
    tops = [int(one.argmax()) for one in logits]
    assert tops[0] != tops[1] and [pair.answer, pair.rival] == tops
    # where both go on with one word, those of the top tens whose log-probability changes most
    a, b = "Mary said that", "John said that"
    pair = pair_of(smollm2, smollm2.encode(a), smollm2.encode(b))
    logs = [patched.logits(root, smollm2.encode(text).ids).log_softmax(0) for text in (a, b)]
    assert int(logs[0].argmax()) == int(logs[1].argmax())
    some = torch.cat([one.topk(10).indices for one in logs])
    change = (logs[0] - logs[1])[some]
    assert (pair.answer, pair.rival) == (int(some[change.argmax()]), int(some[change.argmin()]))
    one = pair_of(smollm2, smollm2.encode(a), smollm2.encode(b), ("", "he"))
    assert one.rival == smollm2.encode("that he").ids[-1] and one.answer != one.rival


@pytest.mark.parametrize(
    ("a", "b", "how"),
    [
        (A, "The key to the old cabinet", {}),
        (A, "The hippopotamus to the cabinet", {}),
        (A, B, {"answers": ("are", "are")}),
        (A, B, {"answers": ("are",)}),
        (A, B, {"heads": []}),
        (A, B, {"heads": ["L99H0"]}),
        ("", B, {}),
    ],
)
def test_what_cannot_be_carried_over_is_refused(a, b, how, smollm2, refuses):
    with refuses(UserError):
        patch(smollm2, a, b, **{"answers": ANSWERS} | how)


def test_the_same_text_twice_has_nothing_to_recover(smollm2):
    found = patch(smollm2, A, A, answers=ANSWERS, heads=HEADS[:1], direct=True)
    assert found.table[["recovered", "direct"]].isna().all(None) and found.differ == 0
    assert found.table["m"][0] == found.m_b == pytest.approx(found.m_a, abs=1e-5)
    assert "nothing can be recovered" in patch_finding(found)


def test_one_token_texts(smollm2):
    found = patch(smollm2, "Mary", "John", answers=("she", "he"), heads=HEADS[:1], bos=False, position="each")
    assert len(found.table) == 1 and found.reading == {"bos": False}


def test_the_lines_in_a_file_make_its_table_again(smollm2):
    one = patch(smollm2, A, B, answers=ANSWERS, heads=HEADS[:1], position="each")
    path = patch_path(smollm2, A, B, "L26H0", "L27H8", answers=ANSWERS)
    for found in (one, path):
        made = {}
        exec(found.table.attrs["provenance"]["recipe"], made)
        pd.testing.assert_frame_equal(made["thing"], found.table, check_exact=False, atol=1e-5)


def test_the_command_writes_the_same_tables(found, smollm2, tmp_path, capsys):
    out = tmp_path / "patch.csv"
    asked = ["patch", A, B, "--model", "smollm2", "--answers", "are,is", "--out", str(out)]
    assert main([*asked, "--heads", ",".join(HEADS), "--direct"]) == 0
    assert patch_finding(found) in capsys.readouterr().out
    table = pd.read_csv(out)
    assert list(table) == list(found.table) and np.allclose(table, found.table, atol=1e-5)
    assert main([*asked, "--path", "L26H0,L27H8"]) == 0
    path = patch_path(smollm2, A, B, HeadId(26, 0), HeadId(27, 8), answers=ANSWERS)
    assert path_finding(path) in capsys.readouterr().out
    assert np.allclose(pd.read_csv(out)["recovered"], path.table["recovered"], atol=1e-5)


@pytest.mark.parametrize(
    "more", [["--path", "L26H0"], ["--path", "L26H0,L27H8", "--direct"], ["--answers", "a,b,c"], ["--model", "minilm"]]
)
def test_what_the_command_refuses(more, tmp_path, capsys):
    assert main(["patch", A, B, "--model", "smollm2", *more, "--out", str(tmp_path / "p.csv")]) == 2
    assert capsys.readouterr().err.strip()
    assert main(["patch", A, "--out", str(tmp_path / "p.csv")]) == 2
    assert "two texts" in capsys.readouterr().err
