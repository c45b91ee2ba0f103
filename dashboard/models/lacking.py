"""What to say of a folder that cannot be opened: what lies there instead, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dashboard.errors import UserError
from dashboard.models.characters import NAMED
from dashboard.models.files import read_json

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_TRAINING = ("optimizer", "scheduler", "rng_state", "training_args", "scaler", "trainer_state")
"""Beginnings of the files that a training writes to go on from: no weights of a model."""
_OTHER_LIBRARIES = (
    (("flax_model", ".msgpack"), "Flax", "from_flax"),
    (("tf_model", ".h5", ".pb", ".ckpt.index", ".ckpt.meta"), "TensorFlow", "from_tf"),
)
_QUANTISED = {
    ".qweight": "GPTQ or AWQ",
    ".qzeros": "GPTQ or AWQ",
    ".absmax": "bitsandbytes",
    ".quant_map": "bitsandbytes",
    ".SCB": "bitsandbytes",
}
_METHODS = {"bitsandbytes": "bitsandbytes", "gptq": "GPTQ", "awq": "AWQ", "fp8": "8-bit floats", "mxfp4": "MXFP4"}
_NO_VOCABULARY = {"perceiver": "bytes", "charsiu": "bytes"}
_NO_TEXT = ("preprocessor_config.json", "image_processor_config.json", "processor_config.json")


def no_weights(folder: Path, called: str) -> str:
    """The sentence for a folder without safetensors weights."""
    names = sorted(path.name for path in folder.iterdir())
    weights = [name for name in names if not name.startswith(_TRAINING)]
    if pickles := [name for name in weights if name.endswith(PICKLES)]:
        return pickle_only(called, pickles[0])
    for marks, library, option in _OTHER_LIBRARIES:
        if found := [name for name in weights if name.startswith(marks[0]) or name.endswith(marks[1:])]:
            return (
                f"“{called}” has its weights for {library} only ({found[0]}), and Two Heads opens safetensors. "
                f"A transformers before version 5, with {library}, converts them: "
                f"AutoModel.from_pretrained(folder, {option}=True).save_pretrained(folder)."
            )
    if onnx := [name for name in weights if name.endswith(".onnx")]:
        return (
            f"“{called}” is a program for ONNX ({onnx[0]}), from which attention cannot be read. "
            "Choose the model it was made from."
        )
    if other := [name for name in weights if name.endswith(".safetensors")]:
        return (
            f"“{called}” has no model.safetensors, but {other[0]}. If that file holds the model, as "
            "save_pretrained writes it, rename it model.safetensors."
        )
    if checkpoints := [name for name in names if name.startswith(_TRAINING) and name.endswith(PICKLES)]:
        return (
            f"“{called}” holds what a training goes on from ({checkpoints[0]}), but no weights. "
            "Choose the folder that save_pretrained wrote."
        )
    return (
        f"“{called}” holds no weights: a model.safetensors is expected beside its config.json. "
        "Choose another folder or copy the weights there."
    )


def pickle_only(called: str, file: str) -> str:
    """The sentence for a model whose weights come as a pickle only."""
    return (
        f"“{called}” has its weights as a pickle only ({file}), and a pickle can run any code. "
        "Two Heads opens safetensors only: convert it with model.save_pretrained(folder), "
        "or choose a model that has model.safetensors."
    )


def check_quantised(config: dict, tensors: Iterable[str], called: str) -> None:
    """Raises UserError where the configuration, or the names of the tensors, say that the weights are quantised."""
    quantization = config.get("quantization_config")
    if quantization:
        method = str(quantization.get("quant_method", ""))[:40] if isinstance(quantization, dict) else ""
        how = _METHODS.get(method.lower(), method)
    else:
        how = next((how for name in tensors for end, how in _QUANTISED.items() if name.endswith(end)), None)
        if how is None:
            return
    by = f" by {how}" if how else ""
    raise UserError(
        f"The weights of “{called}” are quantised{by}. Two Heads reads plain float weights: "
        "choose the model they were made from."
    )


def character_reader(kind: str) -> str | None:
    """What a tokenizer of that class, or a model of that type, reads where it has no vocabulary: bytes. None where it
    has one, or its vocabulary is every character or byte."""
    return _NO_VOCABULARY.get(kind.lower().removesuffix("fast").removesuffix("tokenizer"))


def no_vocabulary(called: str, what: str) -> str:
    """The sentence for a model that reads `what`, see `character_reader`."""
    return (
        f"“{called}” reads {what} and has no vocabulary of tokens, so Two Heads cannot read a text with it. "
        "Choose a model with a tokenizer."
    )


def _tokenizer_named(folder: Path, names: set[str], called: str) -> str:
    """The class of the tokenizer that a folder of these files names, "" where it names none."""
    if "tokenizer_config.json" not in names:
        return ""
    return str(read_json(folder / "tokenizer_config.json", called).get("tokenizer_class") or "")


def needs_no_vocabulary(folder: Path, names: set[str], config: dict, called: str) -> bool:
    """Whether a model reads characters (CANINE) or bytes (ByT5), and so needs no file of a vocabulary."""
    return (_tokenizer_named(folder, names, called) or config["model_type"]) in NAMED


def no_tokenizer(folder: Path, names: set[str], config: dict, called: str) -> str:
    """The sentence for a model without a file of a tokenizer: because it needs none, or because it is missing."""
    kind = config["model_type"][:40]
    named = _tokenizer_named(folder, names, called)
    if what := character_reader(named) or character_reader(kind):
        return no_vocabulary(called, what)
    if not named and names.intersection(_NO_TEXT):
        return (
            f"“{called}” is of the type “{kind}”, which reads images or sound: it has no tokenizer. "
            "Two Heads reads text: choose a text model."
        )
    return (
        f"“{called}” has no tokenizer. Put its tokenizer.json beside the weights (tokenizer.save_pretrained writes it)."
    )
