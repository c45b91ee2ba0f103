"""A message as a chat model is given it, by the tokenizer's own template."""

from __future__ import annotations

from dashboard.models.foreign import foreign


def has_chat(tokenizer) -> bool:
    """Whether the tokenizer has a chat template."""
    return bool(getattr(tokenizer, "chat_template", None))


def chat_text(tokenizer, message: str, system: str = "") -> str:
    """The message of a user with its roles, up to where the model's answer begins.

    The template is filled in by transformers, in a sandbox of Jinja. A start token that the tokenizer puts in front of
    every text is taken off, so that it stands there once.
    system: what the template's own system message is replaced by; "" leaves it to the template
    Raises UserError where the template refuses this.
    """
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": message})
    with foreign("Filling in the chat template", "Write the prompt as plain text."):
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    start = tokenizer.bos_token
    twice = start and text.startswith(start) and tokenizer.backend_tokenizer.encode("a").tokens[:1] == [start]
    return text.removeprefix(start) if twice else text
