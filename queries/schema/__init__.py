"""What a client must know to ask: the kinds, properties and relations that the estate has, told in a page."""
