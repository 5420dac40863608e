"""What every sub-application shares."""
