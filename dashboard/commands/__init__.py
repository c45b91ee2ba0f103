"""The commands of `python -m dashboard`, a module for each kind: `add` names their arguments, `run_…` does them."""
