"""The HTTP faces of the service: the API, SPARQL, OTLP and the pages."""
