"""The sub-applications of the project."""
