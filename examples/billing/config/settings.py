"""Settings of the process, read from its environment once."""

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """Each field is an environment variable of the same name; each has a default for development."""

    # A plain str: Tortoise refuses pydantic's PostgresDsn, and knows no `postgresql+asyncpg://`.
    DATABASE_URL: str = "sqlite://db.sqlite3"


settings = Settings()
