"""A user's own modules: read, checked and reported on."""
