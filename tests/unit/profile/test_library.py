"""The profile library: what is listed, read, named, deleted and compared, and what is refused with a sentence."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.analyses.profile.library import SHIPPED, compare_profiles, delete, place_for, read_profile
from dashboard.analyses.profile.library import profile_library as on_shelf
from dashboard.analyses.profile.roles import FIGURES
from dashboard.analyses.profile.tables import PROFILE, TABLES, VERSION
from dashboard.analyses.profile.text import relations_chance
from dashboard.errors import UserError
from dashboard.export.sanitize import legal
from dashboard.export.table import harmless, table_bytes, unharmed

LAYERS, HEADS = 2, 3


def tables(seed=0):
    """Tables with the columns of a profile: numbers at random, some of them missing, and texts that are awkward."""
    rng = np.random.default_rng(seed)
    texts = ["=1+1", "NA", "", "a, “b”\nc", "'tis", "-"]

    def column(name, kind, rows):
        if kind == "float64":
            return np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows))
        if kind == "object":
            return [texts[k % len(texts)] for k in range(rows)]
        return rng.integers(0, 2, rows).astype(kind)

    made = {}
    for name, kinds in TABLES.items():
        made[name] = pd.DataFrame({one: column(one, kind, LAYERS * HEADS) for one, kind in kinds.items()})
    made["heads"]["layer"], made["heads"]["head"] = np.divmod(np.arange(LAYERS * HEADS), HEADS)
    return made


def write(folder, format="parquet", seed=0, **about):
    folder.mkdir(parents=True, exist_ok=True)
    made = tables(seed)
    for name, table in made.items():
        (folder / f"{name}.{format}").write_bytes(table_bytes(table, format))
    told = {
        "profile": VERSION,
        "format": format,
        "sentences_kept": True,
        "model": "minilm",
        "revision": "sha256:0",
        "file": "small.conllu",
        "sha256": "0" * 64,
        "sentences": {"used": 7, "left_out": 0, "reasons": []},
        "words": 70,
        **about,
    }
    (folder / PROFILE).write_text(json.dumps(told))
    return made


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "profiles"


@pytest.mark.parametrize("format", ["parquet", "csv", "xlsx"])
def test_what_was_written_is_read(tmp_path, format):
    made = write(tmp_path, format)
    found = read_profile(tmp_path)
    read = {
        "heads": found.heads,
        "dependencies": found.dependencies,
        "relations": found.best,
        "moments": found.moments,
        "sentences": found.sentences,
    }
    exact = {"rtol": 1e-14, "atol": 0} if format == "xlsx" else {"check_exact": True}
    for name, table in read.items():
        pd.testing.assert_frame_equal(table, made[name], check_dtype=False, **exact)
        assert {one: str(kind) for one, kind in table.dtypes.items()} == TABLES[name]
    assert found.about["file"] == "small.conllu"


def test_a_profile_made_before_q_was_measured_has_none(tmp_path):
    write(tmp_path, "parquet")
    for name in ("dependencies", "relations"):
        table = pd.read_parquet(tmp_path / f"{name}.parquet")
        (tmp_path / f"{name}.parquet").write_bytes(table_bytes(table.drop(columns="q"), "parquet"))
    told = json.loads((tmp_path / PROFILE).read_text())
    (tmp_path / PROFILE).write_text(json.dumps({name: value for name, value in told.items() if name != "files"}))
    found = read_profile(tmp_path)
    assert found.dependencies["q"].isna().all() and found.best["q"].isna().all()
    assert list(found.dependencies) == list(TABLES["dependencies"])
    assert "before q" in relations_chance(found)


def test_shipped_relations_have_q_and_it_falls_with_what_a_head_finds_beyond_the_best_distance():
    for entry in on_shelf():
        if entry.shipped:
            rows = read_profile(entry.folder).dependencies
            assert rows["q"].between(0, 1, inclusive="right").all(), entry.name
            assert (rows[rows["q"] <= 0.05]["lift"] > 0).all() and (rows[rows["lift"] < 0]["q"] > 0.05).all()
            assert (rows["q"] <= 0.05).any(), entry.name


@given(st.text())
def test_a_cell_that_was_made_harmless_reads_as_it_was(text):
    # Of an apostrophe before a formula a cell cannot tell whose it is.
    assert unharmed(harmless(text)) == legal(text) or text.startswith("'")


def spoil(folder, how):
    """One thing that is wrong with a profile's folder."""
    heads, about = folder / "heads.parquet", folder / PROFILE
    told, table = json.loads(about.read_text()), pd.read_parquet(heads)
    if how == "nothing there":
        about.unlink()
    elif how == "half a json":
        about.write_bytes(about.read_bytes()[:40])
    elif how == "deep json":
        about.write_text("[" * 100_000)
    elif how == "no json":
        about.write_bytes(b"\xff\xfe\0")
    elif how == "a folder":
        about.unlink()
        about.mkdir()
    elif how == "another's json":
        about.write_text('{"name": "package"}')
    elif how == "a list":
        about.write_text("[1]")
    elif how == "another version":
        about.write_text(json.dumps({**told, "profile": VERSION + 1}))
    elif how == "lacks its words":
        about.write_text(json.dumps({k: v for k, v in told.items() if k != "words"}))
    elif how == "does not say whether it keeps sentences":
        about.write_text(json.dumps({k: v for k, v in told.items() if k != "sentences_kept"}))
    elif how == "a format of its own":
        about.write_text(json.dumps({**told, "format": "../heads"}))
    elif how == "sentences of another kind":
        about.write_text(json.dumps({**told, "sentences": {"used": "7"}}))
    elif how == "lacks a table":
        heads.unlink()
    elif how == "half a table":
        heads.write_bytes(heads.read_bytes()[:-9])
    elif how == "lacks a column":
        heads.write_bytes(table_bytes(table.drop(columns="bits_syntax"), "parquet"))
    elif how == "words for numbers":
        heads.write_bytes(table_bytes(table.assign(bits_syntax="much"), "parquet"))
    elif how == "fractions of a layer":
        heads.write_bytes(table_bytes(table.assign(layer=0.5), "parquet"))
    elif how == "no heads":
        heads.write_bytes(table_bytes(table.iloc[:0], "parquet"))
    elif how == "a head twice":
        heads.write_bytes(table_bytes(pd.concat([table, table]), "parquet"))
    elif how == "huge layers":
        heads.write_bytes(table_bytes(table.assign(layer=2**62), "parquet"))
    elif how == "heads that are not there":
        moments = folder / "moments.parquet"
        moments.write_bytes(table_bytes(pd.read_parquet(moments).assign(head=HEADS), "parquet"))


SPOILT = {
    "nothing there": "no profile in",
    "half a json": "not whole",
    "deep json": "not whole",
    "no json": "not whole",
    "a folder": "cannot be read",
    "another's json": "not one of ours",
    "a list": "not one of ours",
    "another version": f"version {VERSION + 1}",
    "lacks its words": "lacks what it should say",
    "does not say whether it keeps sentences": "lacks what it should say",
    "a format of its own": "lacks what it should say",
    "sentences of another kind": "lacks what it should say",
    "lacks a table": "lacks heads.parquet",
    "half a table": "is broken",
    "lacks a column": "no column “bits_syntax”",
    "words for numbers": "something else",
    "fractions of a layer": "something else",
    "no heads": "one row per head",
    "a head twice": "one row per head",
    "huge layers": "one row per head",
    "heads that are not there": "names heads that are not there",
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_no_profile_is_refused_with_a_sentence(tmp_path, how):
    write(tmp_path)
    spoil(tmp_path, how)
    with pytest.raises(UserError) as caught:
        read_profile(tmp_path)
    assert SPOILT[how] in str(caught.value) and str(caught.value).endswith(".")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "gone", tmp_path / "\0", tmp_path / ("x" * 300)):
        with pytest.raises(UserError):
            read_profile(place)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.sampled_from([PROFILE, "heads", "moments", "sentences"]), st.data())
def test_any_bytes_are_read_or_refused(tmp_path, junk, name, data):
    format = data.draw(st.sampled_from(["csv", "parquet"]))
    write(tmp_path, format)
    (tmp_path / (name if name == PROFILE else f"{name}.{format}")).write_bytes(junk)
    with pytest.raises(UserError):
        read_profile(tmp_path)


def test_the_shelf_lists_what_is_there(own, snapshot):
    theirs = len(on_shelf())
    write(own / "b", model="smollm2", sentences={"used": 9})
    write(own / "A", "csv")
    (own / "a broken one").mkdir()
    (own / "a broken one" / PROFILE).write_text("{}")
    (own / "stopped" / "chunks").mkdir(parents=True)
    key = {"model": "minilm", "revision": "sha256:1", "file": "long.txt"}
    (own / "stopped" / "chunks" / "key.json").write_text(json.dumps(key))
    (own / "empty").mkdir()
    (own / "no key" / "chunks").mkdir(parents=True)
    (own / "no key" / "chunks" / "key.json").write_text("[]")
    (own / ".hidden").mkdir()
    (own / "file").write_text("")
    found = on_shelf()
    assert all(one.shipped and one.finished and one.folder.parent == SHIPPED for one in found[:theirs])
    found = found[theirs:]
    assert [one.name for one in found] == ["A", "a broken one", "b", "stopped"]
    assert [one.finished for one in found] == [True, False, True, False] and not any(one.shipped for one in found)
    assert [one.sentences for one in found] == [7, None, 9, None] and found[2].model == "smollm2"
    assert (found[3].model, found[3].revision, found[3].file) == ("minilm", "sha256:1", "long.txt")
    assert found[1].wrong.replace(str(own), "…") == snapshot and not any(found[k].wrong for k in (0, 2, 3))


def test_a_profile_of_ones_own_is_deleted_whole(own, tmp_path):
    write(own / "mine")
    (own / "mine" / "chunks").mkdir()
    write(tmp_path / "elsewhere")
    (own / "link").symlink_to(tmp_path / "elsewhere")
    kept = {one.name: one for one in on_shelf()}
    delete(kept["mine"])
    assert not (own / "mine").exists()
    delete(kept["mine"])  # gone already
    delete(kept["link"])
    assert not (own / "link").exists() and (tmp_path / "elsewhere" / PROFILE).exists()


def test_what_comes_with_the_dashboard_or_lies_elsewhere_is_not_deleted(own, tmp_path, monkeypatch, refuses):
    monkeypatch.setattr(sys.modules["dashboard.analyses.profile.library"], "SHIPPED", tmp_path / "shipped")
    write(tmp_path / "shipped" / "theirs")
    write(own / "mine")
    [theirs, mine] = on_shelf()
    assert theirs.shipped and not mine.shipped
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path / "another"))
    for kept in (theirs, mine):
        with refuses(UserError):
            delete(kept)
        assert (kept.folder / PROFILE).exists()
    with refuses(UserError):
        place_for("Theirs")


@pytest.mark.parametrize("name", ["News, 2024", "größer", "дом", "a.b", "console", "日本語", "C (2)", "~"])
def test_names_that_a_profile_can_have(own, name):
    place = place_for(f" {name} ")
    assert place == own / name
    write(place)
    assert [one.name for one in on_shelf() if not one.shipped] == [name]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "/etc",
        "C:",
        "nul",
        "COM1.txt",
        "x.",
        ".x",
        "a\0b",
        "a\nb",
        "\ud800",
        "x" * 61,
        "a*",
        "\u202e",
    ],
)
def test_names_that_it_cannot(own, name):
    with pytest.raises(UserError):
        place_for(name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=())))
def test_no_name_leads_out_of_the_folder(own, name):
    try:
        place = place_for(name)
    except UserError:
        return
    assert place.parent == own and place.resolve().parent == own.resolve() and len(place.name.encode()) <= 240


def test_the_same_heads_on_two_corpora(tmp_path):
    write(tmp_path / "a")
    write(tmp_path / "b", seed=1)
    a, b = read_profile(tmp_path / "a"), read_profile(tmp_path / "b")
    both = compare_profiles(a, b)
    assert len(both) == LAYERS * HEADS
    for k, row in both.iterrows():
        left, right = a.heads.loc[k], b.heads.loc[k]
        assert (row.layer, row["head"], row.role_a, row.role_b) == (left.layer, left["head"], left.role, right.role)
        for name in ("lean", *(f"bits_{figure}" for figure in FIGURES)):
            np.testing.assert_equal(row[f"{name}_difference"], right[name] - left[name])
    turned = compare_profiles(b, a)
    np.testing.assert_array_equal(turned["bits_total_difference"], -both["bits_total_difference"])
    same = compare_profiles(a, a)
    assert (same["bits_syntax_difference"].dropna() == 0).all()


def test_heads_of_another_model_are_not_compared(tmp_path, refuses):
    write(tmp_path / "a")
    a = read_profile(tmp_path / "a")
    for k, other in enumerate(({"model": "smollm2"}, {"revision": "sha256:1"})):
        write(tmp_path / str(k), **other)
        with refuses(UserError):
            compare_profiles(a, read_profile(tmp_path / str(k)))


def test_reading_imports_no_torch():
    """The page must open at once."""
    asked = (
        "import sys\nfrom dashboard.analyses.profile.library import read_profile, profile_library\n"
        "from dashboard.analyses.profile.tables import Profile\n"
        "from dashboard.analyses.profile.roles import role_label\nrole_label('syntax', 1.0)\nprofile_library()\n"
        "print({'torch', 'transformers', 'spacy', 'conllu'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
