"""Sphinx would read this."""
