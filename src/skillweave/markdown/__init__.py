"""The Markdown parse: the only package that imports markdown_it."""
