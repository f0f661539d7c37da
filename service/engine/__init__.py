"""The writer of one data directory, and what it needs to open, judge and tell who is who."""
