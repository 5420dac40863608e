"""Sub-applications."""
