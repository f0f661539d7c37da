"""Living sources: what is read again and again by itself, from where it is kept."""
