"""One module per source of facts: fetch, a pure transform, a Batch."""
