"""Cut links of attention, or replace rows of it, and see what the model then says (METRICS §9)."""
