"""The TOML of a configuration: what it says, where, and what is wrong with it."""
