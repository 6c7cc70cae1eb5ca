"""What a bundle ships, and where its links lead: resolves every relative destination of every page
(directives.md, Links, references, assets).
"""
