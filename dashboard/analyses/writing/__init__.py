"""What a causal language model writes after a text, token by token."""
