"""Treebanks as people bring them: what `profile`, `ablate` and a search of a corpus say of one that cannot be used, or
is not UTF-8."""

import json

from dashboard.__main__ import main
from dashboard.analyses.find_heads.corpus import search
from dashboard.analyses.find_heads.pattern import Pattern
from dashboard.analyses.profile.run import profile
from dashboard.corpus.sample import sample
from dashboard.errors import UserError

ROWS = "1\tHérons\thérons\tNOUN\t_\t_\t2\tnsubj\t_\t_\n2\tdorment\tdormir\tVERB\t_\t_\t0\troot\t_\tSpaceAfter=No\n"
ROWS += "3\t.\t.\tPUNCT\t_\t_\t2\tpunct\t_\t_\n\n"
FACTS = "bank.conll", "Line 1:", "3 of 3"


def test_a_treebank_that_cannot_be_used(minilm, tmp_path, capsys, refuses, snapshot):
    path, out = tmp_path / "bank.conll", tmp_path / "out"
    path.write_text(ROWS.replace("\t", "   ") * 3)
    with refuses(UserError, *FACTS):
        profile(minilm, path, out)
    with refuses(UserError, *FACTS):
        sample(minilm, path)
    with refuses(UserError, *FACTS):
        search(minilm, path, Pattern(relation="nsubj"))
    for command in (["profile", str(path), "--out", str(out)], ["ablate", str(path), "--out", str(tmp_path / "a.csv")]):
        assert main(command) == 2
        assert capsys.readouterr().err.splitlines()[-1] == snapshot(name="on the command line")
    assert not (out / "profile.json").exists() and not (tmp_path / "a.csv").exists()


def test_words_that_no_token_touches_have_a_line_too(minilm, tmp_path, refuses):
    path = tmp_path / "lost.conllu"
    path.write_text("# nothing\n1\t\x01\t_\tX\t_\t_\t0\troot\t_\t_\n")
    with refuses(UserError, "lost.conllu", "Line 2:", "1 of 1"):
        profile(minilm, path, tmp_path / "out")


def test_latin_1_is_said(minilm, tmp_path, capsys):
    path, said = tmp_path / "bank.conllup", "Latin-1"
    path.write_bytes((ROWS * 20).encode("latin-1"))
    assert main(["profile", str(path), "--out", str(tmp_path / "west")]) == 0
    assert said in capsys.readouterr().err
    assert main(["ablate", str(path), "--heads", "L0H0", "--out", str(tmp_path / "a.csv")]) == 0
    assert said in capsys.readouterr().err
    path.write_text(ROWS * 20, encoding="utf-8")
    assert main(["profile", str(path), "--out", str(tmp_path / "utf8")]) == 0
    assert said not in capsys.readouterr().err
    west, utf8 = (json.loads((tmp_path / name / "profile.json").read_text()) for name in ("west", "utf8"))
    assert (west["encoding"], utf8["encoding"]) == ("cp1252", "utf-8") and west["words"] == utf8["words"] == 60
    heads = [(tmp_path / name / "heads.parquet").read_bytes() for name in ("west", "utf8")]
    assert heads[0] == heads[1]
