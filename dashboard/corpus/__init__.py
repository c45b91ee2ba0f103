"""The corpora that come with the dashboard, and what is measured over a corpus."""
