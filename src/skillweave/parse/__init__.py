"""One text → `Document`: what it says before any other file is looked at.

Never fails, reads no file, does not know its path: a mistake is a `Problem` in the document. Lines count from 0.
"""
