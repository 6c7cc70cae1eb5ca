"""Parameters: a pattern's body as a Jinja2 template, checked, bound to values, and rendered with the source of every line.

The only home of `jinja2`. Whatever templates may not do is refused before anything runs, first from the tokens (which
know their columns), then from the syntax tree. The text itself never passes through Jinja: rendering yields the numbers
of pieces, which are cut from the source, and values. So a value is never read as a template, and the line of every
character is known.
"""
