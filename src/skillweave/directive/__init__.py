"""The grammar of a directive: one line of text → what it asks for, or what is wrong with it (directives.md, Directives).

The Markdown parse decides where a directive is live.
"""
