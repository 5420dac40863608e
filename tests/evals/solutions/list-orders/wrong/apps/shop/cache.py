"""Nobody asked for it."""
