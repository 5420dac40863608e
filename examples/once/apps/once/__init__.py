"""Requests with an Idempotency-Key: a repeated request gets the stored answer."""
