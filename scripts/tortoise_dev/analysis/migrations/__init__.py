"""Migration files as data: what each does to which table, built-in ones and those of Aerich."""
