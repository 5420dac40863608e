"""What the little applications beside this package share: one model, and one configuration."""
