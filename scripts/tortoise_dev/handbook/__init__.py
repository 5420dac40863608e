"""The handbook as a whole: finding the section that answers a question."""
