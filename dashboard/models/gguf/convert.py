"""GGUF → a safetensors folder: ``python -m dashboard.models.gguf.convert model.gguf folder``.

`dashboard.models.fetch` and `dashboard.models.resolve` run this as a process of its own, so that a server stays
responsive meanwhile, gets its memory back afterwards, and can stop it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from dashboard.errors import UserError
from dashboard.models.gguf.file import read
from dashboard.models.gguf.settings import take_over
from dashboard.models.made import as_process


def convert(gguf: Path, folder: Path) -> None:
    """Writes config.json, tokenizer.json and model.safetensors in float32, tied weights stored once.

    Raises UserError where transformers does not know the architecture, or weights are missing.
    """
    import torch
    from transformers import (
        MODEL_FOR_CAUSAL_LM_MAPPING,
        MODEL_FOR_TEXT_ENCODING_MAPPING,
        AutoConfig,
        AutoModel,
        AutoModelForCausalLM,
        AutoTokenizer,
    )

    from dashboard.models.fits import check_config, class_of

    found = read(gguf, gguf.name)
    try:
        config = AutoConfig.from_pretrained(gguf.parent, gguf_file=gguf.name)
    except ValueError as error:
        if "not supported" not in str(error):
            raise
        raise UserError(
            f"“{gguf.name}” is of the architecture “{found.architecture}”, which the installed transformers does not "
            "read from GGUF. Choose the model it was made from."
        ) from error
    take_over(config, found)
    check_config(config.to_dict(), found.tensors, gguf.name)
    kind: Any = AutoModelForCausalLM if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING else AutoModel
    if any("EncoderModel" in name for name in config.architectures or ()):
        kind = class_of(MODEL_FOR_TEXT_ENCODING_MAPPING, config)
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model, report = kind.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        config=config,
        dtype=torch.float32,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # they are refused below, with a sentence
    )
    for name, stored, expected in sorted(report["mismatched_keys"], key=str):
        raise UserError(
            f"The weights of “{gguf.name}” do not fit its settings: {name} is {_shape(stored)}, and they ask for "
            f"{_shape(expected)}. Choose another file."
        )
    if missing := sorted(report["missing_keys"]):
        raise UserError(
            f"“{gguf.name}” lacks {len(missing)} of the weights that its architecture has, {missing[0]} first. "
            "Choose another file."
        )
    # The weights are plain floats from here on; with these two left in, they would be saved as quantised.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    if hasattr(model, "hf_quantizer"):
        del model.hf_quantizer
    model.save_pretrained(folder, max_shard_size="1TB")
    tokenizer.save_pretrained(folder)


def _shape(size) -> str:
    return " × ".join(str(number) for number in size)


def main(arguments: list[str]) -> None:
    """What the process does. arguments: the GGUF file, the folder."""
    as_process(lambda gguf, folder: convert(Path(gguf), Path(folder)), *arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
