"""Models: what is on this machine, and what can be brought to it."""

import streamlit as st

from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.models import CATALOGUE, bounded, is_installed, listing
from dashboard.models.memory import gigabytes
from dashboard.ui import caches, paths, session
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.missing_model import get_button
from dashboard.ui.page import problem


def facts(model: AttentionModel) -> str:
    """The model in use, in one line."""
    if model.own_text is not None:
        return f"{len(model.own_text):,} tokens · revision {model.revision} · {escape_markdown(model.note or '')}"
    sees = "causal: each token sees only earlier tokens" if model.causal else "each token sees the whole text"
    note = f" · {escape_markdown(model.note)}" if model.note else ""
    return f"up to {model.limit:,} tokens · {sees} · revision {model.revision}{note}"


st.caption(
    "The models on this machine, and how to add your own. Weights are read from safetensors and GGUF; no code of a "
    "model is run."
)

try:
    in_use, _ = caches.opened(session.choices().model)
except UserError:
    in_use = None  # the other pages report why

for card, row in zip(CATALOGUE.values(), listing(), strict=True):
    with st.container(border=True):
        st.markdown(f"##### {card.title}")
        st.markdown(card.about)
        st.caption(
            f"{card.name} · {card.hub_id} · {card.layers} layers × {card.heads} heads · {row['size']} on disk · "
            f"{card.licence} · {row['state']}"
        )
        if not is_installed(card.name) and not card.embedded:
            get_button(card.name)
        elif card.name == session.choices().model:
            st.caption(":material/check: In use" + (f" · {facts(in_use)}" if in_use else ""))
        elif is_installed(card.name):
            st.button("Use this model", key=f"use_{card.name}", on_click=session.change, kwargs={"model": card.name})

if in_use and in_use.name not in CATALOGUE:
    with st.container(border=True):
        st.markdown(f"##### {escape_markdown(in_use.title)}")
        st.caption(f"{in_use.extent} × {in_use.heads} heads")
        st.caption(f":material/check: In use · {facts(in_use)}")

st.subheader("Your own", anchor=False)
st.markdown(
    "Type the path of a folder (config, tokenizer and safetensors, or a LoRA adapter), of a GGUF file, or a hub id "
    "like `owner/name`. Add `@revision` for a certain version. A model from the hub is fetched once and then works "
    "offline."
)
st.markdown(
    "Attention weights from anywhere open too, as an `.npz` file with the arrays `weights` (layers × heads × tokens × "
    'tokens) and `tokens`: `numpy.savez("weights.npz", weights=weights, tokens=tokens)`. All heads, Compare and Find '
    "heads show them."
)
if used_bytes := bounded.taken():
    where = escape_markdown(str(bounded.root()))
    try:
        st.caption(
            f"Converted GGUF files and adapters are kept: {gigabytes(used_bytes)} in {where}. Above "
            f"{gigabytes(bounded.most_bytes())} (TWO_HEADS_CONVERTED_GB), the least recently used ones are removed."
        )
    except UserError as wrong:  # the setting is not a number
        problem(wrong)
with st.form("own_model", border=False):
    name = st.text_input(
        "Folder, file or hub id",
        placeholder="owner/name, a folder or a file",
        help="The hub is that of Hugging Face. Safetensors is a file format for weights that cannot carry code.",
    )
    submitted = st.form_submit_button("Open this model")
if submitted and name.strip():
    paths.choose({"model": name})
    try:
        with st.spinner(f"Opening {escape_markdown(name)}…"):
            caches.opened(name.strip(), fetch_missing=True)
    except UserError as wrong:
        problem(wrong)
    else:
        session.change(model=name.strip())
        st.rerun()
