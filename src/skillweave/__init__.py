"""skillweave compiles agent skills: shared Markdown in, self-contained bundles out."""

__version__ = "0.1.0"
