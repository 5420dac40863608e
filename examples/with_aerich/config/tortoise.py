"""The one Tortoise configuration: the application, Aerich and migrate.py read it."""

from typing import Any

from config.database import connection
from config.settings import settings

TORTOISE_ORM: dict[str, Any] = {
    "connections": {"default": connection(settings.DATABASE_URL)},
    "apps": {
        "models": {
            # aerich.models is the table of applied files. migrate.py and tests need it here.
            "models": ["apps.library.models", "aerich.models"],
            "default_connection": "default",
        },
    },
    "use_tz": True,
    "timezone": "UTC",
}
