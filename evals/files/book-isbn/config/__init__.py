"""Settings and the Tortoise configuration."""
