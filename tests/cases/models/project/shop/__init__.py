"""A project of two models, for the cases beside it."""
