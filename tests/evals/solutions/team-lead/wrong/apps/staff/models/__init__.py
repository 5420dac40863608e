"""The models of the staff."""

from .staff import Person, Team

__all__ = ["Person", "Team"]
