"""Rules that look beyond one text: each reports what it finds to the graph."""
