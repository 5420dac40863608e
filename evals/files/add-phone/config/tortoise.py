"""The Tortoise configuration: the application and the migrations read it."""

import os
from typing import Any

TORTOISE_ORM: dict[str, Any] = {
    "connections": {"default": os.environ.get("DATABASE_URL", "sqlite://db.sqlite3")},
    "apps": {
        "models": {
            "models": ["apps.shop.models"],
            "default_connection": "default",
            "migrations": "migrations",
        },
    },
    "use_tz": True,
    "timezone": "UTC",
}
