"""The grammar of a directive: one line of text → what it asks for, or what is wrong with it (directives.md, Directives).

Where a directive is live is decided by the Markdown parse, not here.
"""
