"""What sub-applications share."""
