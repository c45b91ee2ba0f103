"""Pattern scores of all heads on one text (METRICS §1), and the atlas that shows them."""
