"""The shop, reviewed."""
