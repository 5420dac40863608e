"""The Tortoise configuration. The application and the migrations both read it.

Migrations are Tortoise's built-in ones (`python -m tortoise` and the key "migrations" below), not Aerich's.
A built-in migration becomes SQL when it runs, so one file works on SQLite and on PostgreSQL. An Aerich file
holds the SQL of one database product.
"""

from typing import Any

from config.database import connection
from config.settings import settings

TORTOISE_ORM: dict[str, Any] = {
    "connections": {"default": connection(settings.DATABASE_URL)},
    "apps": {
        # One label for all sub-applications. A foreign key names "models.Invoice" in every one of them.
        "models": {
            "models": ["apps.billing.models", "apps.users.models"],
            "default_connection": "default",
            "migrations": "migrations",
        },
    },
    "use_tz": True,
    "timezone": "UTC",
}
