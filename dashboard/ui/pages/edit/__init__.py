"""“Cut a link”: the head under the hand, the list of edits, and what they change."""
