"""What each layer adds to the residual stream, word by word. Page: /layers."""
