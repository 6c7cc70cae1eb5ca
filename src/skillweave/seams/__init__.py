"""Seams: whether a splice keeps the meaning of what stands around it and of what it brings (directives.md, Seams).

Most seams are safe by a look at the lines on both sides. For the others, the blocks around the splice are parsed as they
will stand in the output, and held against the blocks that the two files have on their own.
"""
