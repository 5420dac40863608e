"""The configuration of all the applications."""

import os
from typing import Any

TORTOISE_ORM: dict[str, Any] = {
    "connections": {"default": os.environ.get("DATABASE_URL", "sqlite://notes.sqlite3")},
    "apps": {"models": {"models": ["notes.models"], "default_connection": "default"}},
}
