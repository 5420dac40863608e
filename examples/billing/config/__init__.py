"""Settings, the Tortoise configuration and the example data."""
