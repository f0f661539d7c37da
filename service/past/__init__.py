"""What the graph was: temporary stores for questions about the past."""
