"""Static analysis of a project that uses Tortoise: its files, its names, its models. Nothing is imported.

Bottom up: source (files and text), syntax (one file's tree), import_paths (which file an import means),
modules and resolver (what a name means), tortoise_api, models, relations, values and inference (what Tortoise
makes of it), relevance (which files can matter at all), project (all of it together).
"""
