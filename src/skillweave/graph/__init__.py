"""The dependency graph of all files: targets resolved, edges, order, cycles, depth. No text is made here.

Every directive of every file is an edge, selected or not. Nothing recurses.
"""
