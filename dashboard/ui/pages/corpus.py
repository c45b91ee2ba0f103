"""The parts of the page “Corpora”: what to profile, what is being profiled, and the profiles that are there."""

from __future__ import annotations

import io
import re
import zipfile
from functools import partial
from pathlib import Path

import streamlit as st

from dashboard.analyses.profile.library import LibraryEntry, delete, place_for, profile_library, read_profile
from dashboard.analyses.profile.tables import TABLES
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.export.table import table_bytes
from dashboard.formats import endings
from dashboard.jobs.job import Job, find, forget, jobs, start
from dashboard.models import CATALOGUE, is_installed
from dashboard.text import installed_parsers, not_english_file, parse
from dashboard.text.charset import not_utf8_file
from dashboard.text.corpus_file import ENDINGS, is_treebank
from dashboard.ui import job_panel, paths, session
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.page import to_page
from dashboard.ui.pages.profile_parse import PARSER_HELP
from dashboard.ui.url_state import LONGEST_PATH

MOST_MEGABYTES = 100
BUILTIN = "Built-in sentences"
OWN = "Your own file"


def title_of(model: str) -> str:
    """What people call a model; a folder or a hub id by itself."""
    return CATALOGUE[model].title if model in CATALOGUE else model


def form() -> None:
    """What to profile, by which model, under which name."""
    chosen = session.choices().model
    models = [name for name in CATALOGUE if is_installed(name)]
    if chosen not in CATALOGUE and paths.may_open(chosen):
        models.append(chosen)
    source = st.segmented_control("Corpus", [BUILTIN, OWN], default=BUILTIN, required=True, key="corpus_source")
    with st.form("corpus_form", border=False, enter_to_submit=False):
        upload, parser = None, ""
        if source == OWN:
            upload = st.file_uploader(
                "A treebank (.conllu, .conllup or .conll, any language) or a plain text (.txt, English, UTF-8)",
                type=[ending.removeprefix(".") for ending in ENDINGS],
                key="corpus_upload",
                max_upload_size=MOST_MEGABYTES,
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            model = st.selectbox(
                "Model",
                models,
                index=models.index(chosen) if chosen in models else 0,
                width=220,
                format_func=title_of,
            )
            name = st.text_input("Name of the profile", "My profile", max_chars=60, width=200)
            if source == OWN:
                parser = st.text_input(
                    "spaCy model, for a text",
                    placeholder="English (built in)",
                    width=210,
                    max_chars=LONGEST_PATH,
                    help=f"{PARSER_HELP} A treebank has its parses and needs none.",
                )
            limit = st.number_input(
                "Maximum sentences",
                1,
                None,
                None,
                placeholder="all",
                width=150,
                help="Empty: the whole file. A few hundred give wide intervals, a few thousand narrow ones.",
            )
            asked = st.form_submit_button("Start the profile", icon=":material/play_arrow:")
    if asked:
        try:
            _begin(model, name, None if limit is None else int(limit), source == OWN, upload, parser.strip())
        except UserError as wrong:
            st.error(escape_markdown(str(wrong)), icon=":material/error:")
        else:
            st.rerun()
    if said := st.session_state.get("corpus_says"):
        st.warning(escape_markdown(said), icon=":material/info:")


def _begin(model: str, name: str, limit: int | None, own: bool, upload, parser: str) -> None:
    st.session_state["corpus_says"] = ""
    out = place_for(name)
    if (out / "profile.json").exists():
        raise UserError(f"There is already a profile named “{name}”. Choose another name, or delete that one.")
    if (there := find(out)) is not None and there.progress.state == "going":  # as after a second press
        raise UserError(f"“{name}” is already being profiled, see below. Choose another name for another profile.")
    if not own:
        start(model, builtin_corpus(), out, limit=limit)
        return
    if upload is None:
        raise UserError("There is no file yet. Choose a treebank (.conllu) or a text (.txt) first.")
    path = out / "source" / _plain(upload.name)
    is_text = not is_treebank(path)
    if is_text and parser:
        parse("A word.", parser)  # one that cannot be used is told now
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(upload.getbuffer())
    except OSError as error:
        raise UserError(f"The file cannot be saved in “{path.parent}”: {error.strerror}.") from error
    if is_text and not parser:
        st.session_state["corpus_says"] = not_english_file(path) or ""
    if not is_text:
        st.session_state["corpus_says"] = not_utf8_file(path) or ""
    start(model, path, out, limit=limit, parser=(_absolute(parser) or None) if is_text else None)


def _absolute(parser: str) -> str:
    """A folder from the root on: the job is a process that may stand elsewhere."""
    return str(Path(parser).absolute()) if parser and parser not in installed_parsers() else parser


def _plain(name: str) -> str:
    """A file's name that no system stumbles over; its ending stays."""
    stem, ending = Path(name).stem, Path(name).suffix.lower()
    return (re.sub(r"[^\w .-]+", "-", stem).strip(" .-")[:60] or "corpus") + ending


def unfinished() -> list[Job]:
    """The jobs that are going, were stopped, or failed."""
    return [job for job in jobs(place_for("x").parent) if job.progress.state != "done"]


def progress() -> None:
    """A row for each job that is not done. The whole page is drawn anew when one has ended or begun; one that was begun
    in another tab while none was going here is seen with the next click."""
    states = _states(unfinished())
    job_panel.while_going(_progress, "going" in states.values(), states)


def _states(there: list[Job]) -> dict[str, str]:
    return {job.out.name: job.progress.state for job in there}


def _progress(told: dict[str, str]) -> None:
    there = unfinished()
    if _states(there) != told:
        st.rerun()
    for job in there:
        what = escape_markdown(f"{job.path.name}, {title_of(job.model)}")
        job_panel.row(job, f"**{escape_markdown(job.out.name)}** · {what}", _remove)
    job_panel.wrong()


def _remove(job: Job) -> None:
    forget(job.out)
    delete(LibraryEntry(job.out.name, job.out, job.model, "", job.path.name, None, False, False))


def finished() -> list[LibraryEntry]:
    return [kept for kept in profile_library() if kept.finished]


def row(kept: LibraryEntry) -> None:
    """One profile: what it is, and what can be done with it."""
    with st.container(border=True):
        model = title_of(kept.model)
        st.markdown(f"**{escape_markdown(kept.name)}**")
        origin = "built in" if kept.shipped else "your own"
        st.caption(escape_markdown(f"{model} · {kept.file} · {kept.sentences:,} sentences · {origin}"))
        with st.container(horizontal=True, vertical_alignment="center"):
            to_page(
                "profile",
                "Open on Syntax vs context",
                ":material/account_tree:",
                model=kept.model,
                profile=kept.name,
                layer=0,
                head=0,
                pins=(),
            )
            st.download_button(
                "Download (zip)",
                partial(zipped, kept),
                file_name=f"{_plain(kept.name)}.zip",
                mime="application/zip",
                key=f"zip_{kept.name}",
                on_click="ignore",
                icon=":material/download:",
            )
            if not kept.shipped:
                with st.popover("Delete", icon=":material/delete:", key=f"deleting_{kept.name}", on_change="rerun"):
                    named = f"The tables of “{kept.name}” are removed from this machine and cannot be brought back."
                    st.markdown(escape_markdown(named))
                    st.button(
                        "Delete it for good",
                        key=f"delete_{kept.name}",
                        on_click=job_panel.told,
                        args=(partial(delete, kept),),
                    )


def zipped(kept: LibraryEntry) -> bytes:
    """All tables of a profile in every format, with profile.json."""
    profile = read_profile(kept.folder)
    tables = dict(
        zip(
            TABLES, (profile.heads, profile.dependencies, profile.best, profile.moments, profile.sentences), strict=True
        )
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(kept.folder / "profile.json", "profile.json")
        for name, table in tables.items():
            if table is not None:
                for ending in endings("table"):
                    archive.writestr(f"{name}.{ending}", table_bytes(table, ending))
    return out.getvalue()
