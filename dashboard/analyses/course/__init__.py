"""Ten steps through attention: each an idea, a question, and the answer as the model gives it."""
