"""Recurrent networks and attention trained on one task: how far back they reach. Page: /recall."""
