"""Exit statuses (cli.md, Exit status)."""

CLEAN, ERRORS, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130
