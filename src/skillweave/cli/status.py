"""Exit statuses (cli.md, Exit status)."""

CLEAN, ERRORS, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130

BUILDING = "build"
"""The note on an OSError with which a build failed."""
