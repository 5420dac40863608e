"""The one Tortoise configuration: the application and the migrations both read it.

Migrations are Tortoise's built-in ones (`python -m tortoise`, the "migrations" key below), not Aerich's.
Their files say *what* changes and become SQL when they run, so the same file creates the tables on SQLite
and on PostgreSQL. An Aerich file holds the SQL of the one dialect it was generated against.
"""

from typing import Any

from config.settings import settings

TORTOISE_ORM: dict[str, Any] = {
    "connections": {"default": settings.DATABASE_URL},
    "apps": {
        # One label for all sub-applications: a foreign key names "models.Invoice", wherever that lives.
        "models": {
            "models": ["apps.billing.models", "apps.users.models"],
            "default_connection": "default",
            "migrations": "migrations",
        },
    },
    "use_tz": True,
    "timezone": "UTC",
}
