"""Selections and what they come to: the nodes of the expansion, their headings and sizes, and their text.

A node is one selection of one unit (a file). Each is worked out once, behind all that it includes; its text is made when
it is asked for, once for each shift of its headings. Nothing recurses.
"""
