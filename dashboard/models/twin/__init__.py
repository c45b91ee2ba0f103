"""The untrained twin of a model: its configuration and its tokenizer, with weights as they were before training."""
