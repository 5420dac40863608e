"""tortoise-dev: the harness behind the Tortoise ORM handbook in which nothing is unproven."""
