"""What the pages are made of, named after them: ``pages/ablation.py`` uses ``ui/pages/ablation*.py``."""
