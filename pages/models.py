"""Models: what is on this machine, and what can be brought to it."""

from pathlib import Path

import streamlit as st

from dashboard import serving
from dashboard.errors import UserError
from dashboard.models import bounded
from dashboard.models.memory import gigabytes
from dashboard.models.shelf import notes
from dashboard.ui import caches, paths, session
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.page import end_page, problem
from dashboard.ui.pages.models import brought, card, hub, shelf

served = serving.for_others()
where = "The models of this server." if served else "The models on this machine, and how to add your own."
st.caption(f"{where} Weights are read from safetensors and GGUF; no code of a model is run.")

in_use = shelf.in_use()
shelf.in_memory()
shelf.shelf(in_use)
if not served:
    hub.being_fetched()

if in_use and in_use.own_text is None:  # a file of weights has no heads that run
    st.subheader(f"Card of {escape_markdown(in_use.title)}", anchor=False)
    card.card(in_use)
if served:
    st.caption("More models, and models of your own, open in Two Heads on your own machine.")
    end_page()

st.subheader("From the hub", anchor=False)
hub.hub()

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
brought.own_weights()
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
        if Path(name.strip()).expanduser().exists():
            notes.note_folder(Path(name.strip()))
        session.change(model=name.strip())
        st.rerun()
