"""The models of the staff."""

from .person import BasePerson, Person
from .team import BaseTeam, Team

__all__ = ["BasePerson", "BaseTeam", "Person", "Team"]
