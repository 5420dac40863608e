"""The people who work with the system."""
