"""A table to fill in: one line that says the class and its columns, as the loader of CSV reads it."""

from __future__ import annotations

from stratagraph.loaders.formats.csv_table import LABEL
from stratagraph.loaders.inventory.written_terms import FileTerms
from stratagraph.ontology.facts import Iri
from stratagraph.queries.csv_rows import delimited
from stratagraph.queries.forms import Field, Forms


def csv_template(forms: Forms, cls: Iri) -> str:
    """Return the first line of a table of a class: the key, labels, attributes, and relations with where they lead."""
    terms, form = FileTerms(forms.model), forms.of(cls)
    names = [
        terms.shown(cls),
        *(terms.shown(part.iri) for part in form.key[1:]),
        f"{LABEL}@en",
        f"{LABEL}@pt-BR",
        *(terms.shown(field.iri) for field in form.attributes),
        *(_relation(field, terms) for field in form.relations),
    ]
    # As Excel reads it without being asked: with a mark of UTF-8 before the first cell.
    return "\ufeff" + delimited(names, [])


def _relation(field: Field, terms: FileTerms) -> str:
    """Return a relation's column, with the class that it leads to where it may be several."""
    name = terms.shown(field.iri)
    return f"{name} {terms.shown(field.kinds[0])}" if len(field.kinds) > 1 and not field.values else name
