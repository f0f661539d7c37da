"""Texts into triples: the readers of RDF's syntaxes."""
