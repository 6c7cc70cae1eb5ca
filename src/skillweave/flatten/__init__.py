"""Expands selections into nodes: their headings and sizes first, then their text.

A node is one selection of one unit (a file, or a rendering of a template). Each is worked out once, after all that it includes.
Its text is made only on demand, once for each shift of its headings. Nothing recurses.
"""
