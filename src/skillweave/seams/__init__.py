"""Checks seams: whether a splice keeps the meaning of what stands around it and of what it brings (directives.md, Seams).

A look at the lines on both sides shows that most seams are safe (`doubts`, `vanishing`, `reference_lines`). For the others, the
blocks around the splice (`windows`) are parsed as they will stand in the output (`layouts`), and compared with the blocks that
the two files have on their own (`judging`). `inline` does the same for what stands in running text; `checking` does it all.
"""
