"""Settings of the process, read from its environment once."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field is an environment variable of the same name. An empty variable counts as missing."""

    model_config = SettingsConfigDict(env_ignore_empty=True, hide_input_in_errors=True)

    # No default. A deployment that forgets it must fail, not migrate an empty SQLite file.
    DATABASE_URL: str


settings = Settings()
