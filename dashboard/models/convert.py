"""GGUF → a safetensors folder: ``python -m dashboard.models.convert model.gguf folder``.

`dashboard.models.fetch` runs this as a process of its own, so that a server stays responsive meanwhile,
gets its memory back afterwards, and can stop it.
"""

from __future__ import annotations

import sys
from pathlib import Path


def convert(gguf: Path, folder: Path) -> None:
    """Writes config.json, tokenizer.json and model.safetensors in float32, tied weights stored once."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # The weights are plain floats from here on; with these two left in, they would be saved as quantised.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    if hasattr(model, "hf_quantizer"):
        del model.hf_quantizer
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
