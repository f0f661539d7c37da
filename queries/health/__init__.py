"""What is usual for an asset, and how what is measured of it compares with that."""
