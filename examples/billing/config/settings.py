"""Settings of the process, read from its environment once."""

from typing import Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field is an environment variable of the same name. An empty variable counts as missing."""

    model_config = SettingsConfigDict(env_ignore_empty=True, hide_input_in_errors=True)

    # Only "development" has defaults. A server that sets nothing must fail, not start with an empty database.
    ENVIRONMENT: str = "production"
    # A plain str: Tortoise refuses pydantic's PostgresDsn, and it does not know `postgresql+asyncpg://`.
    DATABASE_URL: str = ""

    @model_validator(mode="after")
    def _require_database_url(self) -> Self:
        if not self.DATABASE_URL:
            if self.ENVIRONMENT != "development":
                raise ValueError(
                    "DATABASE_URL is missing. For a local SQLite file set ENVIRONMENT=development instead."
                )
            self.DATABASE_URL = "sqlite://db.sqlite3"
        return self


settings = Settings()
