"""Impact, compliance and the competency questions, over the stores that the service provides."""
