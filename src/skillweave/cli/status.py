"""Exit statuses (DIAGNOSTICS, exit status)."""

CLEAN, ERRORS, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130
