"""The form of the API's answers, as OpenAPI tells it; what builds them is elsewhere, and a test holds both together."""
