"""Reads the TOML of a configuration: its values, their places, and mistakes in them."""
