"""What a change touches, along which paths, for which reasons."""
