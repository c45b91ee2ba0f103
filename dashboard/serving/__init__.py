"""A server for others: its rules, and whose work is whose. Without rules the dashboard is one person's own."""

from dashboard.serving.rules import (
    FILE,
    UNTRAINED,
    VARIABLE,
    Rules,
    check_model,
    check_text,
    environment,
    for_others,
    own_machine_only,
    read_rules,
    rules,
)

__all__ = [
    "FILE",
    "UNTRAINED",
    "VARIABLE",
    "Rules",
    "check_model",
    "check_text",
    "environment",
    "for_others",
    "own_machine_only",
    "read_rules",
    "rules",
]
