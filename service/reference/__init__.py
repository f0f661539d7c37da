"""The browsable reference of an ontology: static pages in every language, made from what the ontology says itself."""
