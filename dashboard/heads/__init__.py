"""What all analyses of heads share: one head's view, its links, pooling over words, alignment, the bootstrap."""
