"""Settings of the process, read from its environment once."""

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """Each field is an environment variable of the same name."""

    # No default: a deployment that forgets it must fail, not migrate an empty SQLite file.
    DATABASE_URL: str


settings = Settings()  # pydantic-settings reads the environment
