"""Settings, changed."""
