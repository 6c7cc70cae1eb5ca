"""The constant that tells a type checker from a run, without loading `typing`, which takes longer than an edit's own work."""

TYPE_CHECKING = False
"""False at run time. Type checkers take a constant of this name to be true."""
