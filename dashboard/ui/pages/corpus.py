"""The parts of the page “Corpora”: the form for a new profile, the running jobs, and the finished profiles."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from contextlib import suppress
from functools import partial
from pathlib import Path

import streamlit as st

from dashboard import serving
from dashboard.analyses.profile.library import LibraryEntry, delete, place_for, profile_library, read_profile
from dashboard.analyses.profile.tables import TABLES
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.export.table import table_bytes
from dashboard.formats import endings
from dashboard.jobs.job import Job, find, forget, jobs, start
from dashboard.models import CATALOGUE, is_installed, title_of
from dashboard.serving import visitor
from dashboard.text import installed_parsers, not_english_file, parse
from dashboard.text.charset import not_utf8_file
from dashboard.text.corpus_file import ENDINGS, is_treebank
from dashboard.ui import job_panel, paths, session
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.page import problem, to_page
from dashboard.ui.pages.profile.parse import PARSER_HELP
from dashboard.ui.url_state import LONGEST_PATH

MOST_MEGABYTES = 100
BUILTIN = "Built-in sentences"
OWN = "Your own file"


def form() -> None:
    """The form: which corpus, which model, which name."""
    chosen, rules = session.choices().model, serving.rules()
    models = list(rules.models) if rules else [name for name in CATALOGUE if is_installed(name)]
    if chosen not in models and paths.may_open(chosen):
        models.append(chosen)
    source = st.segmented_control("Corpus", [BUILTIN, OWN], default=BUILTIN, required=True, key="corpus_source")
    with st.form("corpus_form", border=False, enter_to_submit=False):
        upload, parser = None, ""
        if source == OWN:
            upload = st.file_uploader(
                "A treebank (.conllu, .conllup or .conll, any language) or a plain text (.txt, English, UTF-8)",
                type=[ending.removeprefix(".") for ending in ENDINGS],
                key="corpus_upload",
                max_upload_size=rules.upload_megabytes if rules else MOST_MEGABYTES,
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
            if source == OWN and not rules:
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
            submitted = st.form_submit_button("Start the profile", icon=":material/play_arrow:")
    if submitted:
        try:
            _begin(model, name, None if limit is None else int(limit), source == OWN, upload, parser.strip())
        except UserError as wrong:
            problem(wrong)
        else:
            st.rerun()
    if message := st.session_state.get("corpus_says"):
        st.warning(escape_markdown(message), icon=":material/info:")


def _begin(model: str, name: str, limit: int | None, own: bool, upload, parser: str) -> None:
    st.session_state["corpus_says"] = ""
    out = place_for(name)
    if (out / "profile.json").exists():
        raise UserError(f"There is already a profile named “{name}”. Choose another name, or delete that one.")
    if (there := find(out)) is not None and there.progress.active:  # as after a second click
        raise UserError(f"“{name}” is already being profiled, see below. Choose another name for another profile.")
    if not own:
        start(model, builtin_corpus(), out, limit=limit)
        return
    if upload is None:
        raise UserError("There is no file yet. Choose a treebank (.conllu) or a text (.txt) first.")
    visitor.check_space(len(upload.getbuffer()))
    path = out / "source" / _plain(upload.name)
    is_text = not is_treebank(path)
    if is_text and parser:
        parse("A word.", parser)  # reports a parser that cannot be used at once
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(upload.getbuffer())
    except OSError as error:
        raise UserError(f"The file cannot be saved in “{path.parent}”: {error.strerror}.") from error
    if is_text and not parser:
        st.session_state["corpus_says"] = not_english_file(path) or ""
    if not is_text:
        st.session_state["corpus_says"] = not_utf8_file(path) or ""
    try:
        start(model, path, out, limit=limit, parser=(_absolute(parser) or None) if is_text else None)
    except UserError:
        if find(out) is None:  # nothing would show the file, and nobody could delete it
            shutil.rmtree(path.parent, ignore_errors=True)
            with suppress(OSError):
                out.rmdir()
        raise


def _absolute(parser: str) -> str:
    """The absolute path of a folder: the job's process may have another current folder."""
    return str(Path(parser).absolute()) if parser and parser not in installed_parsers() else parser


def _plain(name: str) -> str:
    """A file name that is valid on every system; its ending stays."""
    stem, ending = Path(name).stem, Path(name).suffix.lower()
    return (re.sub(r"[^\w .-]+", "-", stem).strip(" .-")[:60] or "corpus") + ending


def unfinished() -> list[Job]:
    """The jobs that wait or go, were stopped, or failed. On a server for others: the visitor's own."""
    if visitor.nobody():
        return []
    return [job for job in jobs(place_for("x").parent) if job.progress.state != "done"]


def progress() -> None:
    """A row for each job that is not done. Redraws the whole page when one has ended or begun.

    A job that another tab began while none was going here appears with the next click.
    """
    there = unfinished()
    states = _states(there)
    job_panel.while_going(_progress, any(job.progress.active for job in there), states)


def _states(there: list[Job]) -> dict[str, str]:
    return {job.out.name: job.progress.state for job in there}


def _progress(states: dict[str, str]) -> None:
    there = unfinished()
    if _states(there) != states:
        st.rerun()
    for job in there:
        what = escape_markdown(f"{job.path.name}, {title_of(job.model)}")
        job_panel.row(job, f"**{escape_markdown(job.out.name)}** · {what}", _remove)
    job_panel.wrong()


def _remove(job: Job) -> None:
    forget(job.out)
    delete(LibraryEntry(job.out.name, job.out, job.model, "", job.path.name, None, False, False))


def finished() -> list[LibraryEntry]:
    return [entry for entry in profile_library() if entry.finished]


def row(entry: LibraryEntry) -> None:
    """One profile: what it is, and what can be done with it."""
    with st.container(border=True):
        model = title_of(entry.model)
        st.markdown(f"**{escape_markdown(entry.name)}**")
        origin = "built in" if entry.shipped else "your own"
        st.caption(escape_markdown(f"{model} · {entry.file} · {entry.sentences:,} sentences · {origin}"))
        with st.container(horizontal=True, vertical_alignment="center"):
            to_page(
                "profile",
                "Open on Syntax vs context",
                ":material/account_tree:",
                model=entry.model,
                profile=entry.name,
                layer=0,
                head=0,
                pins=(),
            )
            st.download_button(
                "Download (zip)",
                partial(zipped, entry),
                file_name=f"{_plain(entry.name)}.zip",
                mime="application/zip",
                key=f"zip_{entry.name}",
                on_click="ignore",
                icon=":material/download:",
            )
            if not entry.shipped:
                with st.popover("Delete", icon=":material/delete:", key=f"deleting_{entry.name}", on_change="rerun"):
                    named = f"The tables of “{entry.name}” are deleted and cannot be brought back."
                    st.markdown(escape_markdown(named))
                    st.button(
                        "Delete it for good",
                        key=f"delete_{entry.name}",
                        on_click=job_panel.run_action,
                        args=(partial(delete, entry),),
                    )


def zipped(entry: LibraryEntry) -> bytes:
    """All tables of a profile in every format, with profile.json."""
    profile = read_profile(entry.folder)
    tables = dict(
        zip(
            TABLES, (profile.heads, profile.dependencies, profile.best, profile.moments, profile.sentences), strict=True
        )
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(entry.folder / "profile.json", "profile.json")
        for name, table in tables.items():
            if table is not None:
                for ending in endings("table"):
                    archive.writestr(f"{name}.{ending}", table_bytes(table, ending))
    return out.getvalue()
