"""What Prometheus scrapes and answers: read, put together, and mapped by data onto assets and metrics."""
