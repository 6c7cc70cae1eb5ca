"""Parameters: a pattern's body as a Jinja2 template, checked, bound to values, and rendered with every line's source.

The only home of `jinja2`. What no template may do is refused before anything runs, from the tokens (which know their
columns) and then from the syntax tree. The text itself never passes through Jinja: rendering yields numbers of pieces,
which are cut from the source, and values. So a value is never read again, and every character knows its line.
"""
