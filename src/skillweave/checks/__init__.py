"""Rules that look beyond one text. Each reports what it finds to the graph."""
