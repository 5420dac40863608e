"""The models of the staff."""
