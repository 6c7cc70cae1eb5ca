"""What a bundle ships, and where its links lead: every relative destination of every page, resolved
(directives.md, Links, references, assets).
"""
