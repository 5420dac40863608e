"""A static picture of a project that uses Tortoise: its files, its names, its models. Nothing is imported."""
