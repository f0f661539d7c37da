"""``stratagraph ontology``: check a user's own modules, and look terms up."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from stratagraph.ontology.extension.extension import ExtensionReport, ModuleReport, load_extended
from stratagraph.ontology.extension.findings import ModuleFinding, in_lines, of_clash, texts_in
from stratagraph.ontology.json_text import json_text
from stratagraph.ontology.model import OntologyModel, load_model
from stratagraph.ontology.namespaces import compact
from stratagraph.ontology.reasoning import dl
from stratagraph.ontology.reasoning.axioms import AxiomWriter
from stratagraph.ontology.reasoning.clashes import find_clashes
from stratagraph.queries.vocabulary import Description, Vocabulary
from stratagraph.service.cli.options import Config, Ontology, Out, errors_in_words, write
from stratagraph.service.cli.tongue import Language
from stratagraph.service.engine.in_force import ontology_of
from stratagraph.service.reference.texts import texts
from stratagraph.service.settings import load_settings

app = typer.Typer(help="The ontology: check your own modules, look terms up.", no_args_is_help=True)

EXPLAIN_SECONDS: Final = 120.0
"""How long the reasoner may be asked why it objects."""
CORE: Final = "core"
BEYOND: Final = frozenset({"import-not-read", "undeclared"})
"""Findings that tell of something the reasoner could not see."""


class Format(StrEnum):
    """How an answer is written."""

    TEXT = "text"
    JSON = "json"


class ExportForm(StrEnum):
    """What is written of the ontology."""

    TURTLE = "turtle"
    RDFXML = "rdfxml"
    JSONLD = "jsonld"
    SSSOM = "sssom"


Form = Annotated[Format, typer.Option("--format", help="How to write the answer.")]


@app.command()
def check(
    no_dl: Annotated[bool, typer.Option("--no-dl", help="Only our own rules; don't run the DL reasoner.")] = False,
    form: Form = Format.TEXT,
    out: Out = None,
    lang: Language = "en",
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Check the core and your own modules: contradictions, empty classes, redefinitions, gaps.

    Exit status: 0 when everything is in use, 1 when a module is refused, 2 when the check could not run.
    """
    with errors_in_words():
        settings = load_settings(config, ontology=ontology)
        if settings.ontology:
            if no_dl:  # what our rules say by themselves, whatever the reasoner has said before
                extended = load_extended(settings.ontology, reason=False)
            else:
                extended = ontology_of(settings, explain_for=EXPLAIN_SECONDS)
            report, model = extended.report, extended.model
        else:
            model = load_model()
            report = _core(model, reason=not no_dl)
        answer = json_text(report.document(lang)) if form is Format.JSON else None
        write(answer or "\n".join(_report(report, model, lang)), out)
    raise typer.Exit(0 if all(module.accepted for module in report.modules) else 1)


def _core(model: OntologyModel, *, reason: bool) -> ExtensionReport:
    """Check the core by itself."""
    writer = AxiomWriter(model.triples)
    findings = [of_clash(clash, writer) for clash in find_clashes(model.triples)]
    missing = "" if reason else "dl-not-wanted"
    if reason:
        try:
            answer = dl.check(model)
        except dl.ReasonerJavaMissing as error:
            missing = error.slug
        else:
            findings += [ModuleFinding.unsatisfiable(compact(iri)) for iri in answer.unsatisfiable]
            if not answer.consistent:
                findings.append(ModuleFinding.inconsistent(CORE))
    module = ModuleReport(name=CORE, findings=tuple(findings))
    return ExtensionReport(hash=model.hash, modules=(module,), dl_checked=not missing, dl_missing=missing)


MALFORMED: Final = "malformed"
"""The rule whose finding names file, line and column by itself."""


def _report(report: ExtensionReport, model: OntologyModel, lang: str) -> Iterator[str]:
    words = texts_in(lang)
    terms = len(Vocabulary(model).terms)
    yield words["summary"].format(terms=terms, facts=len(model.triples), hash=report.hash[:12])
    summed_up = False
    for module in report.modules:
        yield f"{module.name}: {words['accepted' if module.accepted else 'refused']}"
        for sentence, findings in in_lines(module.findings, lang):
            first = findings[0]
            placed = first.line and len(findings) == 1 and first.rule != MALFORMED
            place = f"{module.name}:{first.line}: " if placed else ""
            yield f"  {words[first.severity.value]}: {place}{sentence}"
            summed_up = summed_up or len(findings) > 1
            if len(findings) == 1:
                yield from _reasons(first, words)
    for name in report.unread:
        yield f"  {words['warning']}: {name} {words['unread-file']}"
    if summed_up:
        yield f"({words['more']})"
    yield _closing(report, words)


def _reasons(finding: ModuleFinding, words: Mapping[str, str]) -> Iterator[str]:
    if finding.axioms:
        yield f"    {words['axioms']}:"
        yield from (f"      {line}" for line in finding.axioms)
    if not finding.minimal:
        yield f"      {words['not-minimal']}"


def _closing(report: ExtensionReport, words: Mapping[str, str]) -> str:
    """Say what the reasoner agrees with: never with what it has not seen."""
    if not report.dl_checked:
        return words["dl-not-checked"].format(reason=words[report.dl_missing])
    refused = [module for module in report.modules if not module.accepted]
    if refused and report.modules[0].name == CORE:
        return words["dl-objects"]
    if refused:
        key = "dl-checked-rest" if len(refused) < len(report.modules) else "dl-checked-core"
        return words[key].format(refused=len(refused), all=len(report.modules))
    partial = any(f.rule in BEYOND for module in report.modules for f in module.findings) or report.unread
    return words["dl-checked-read" if partial else "dl-checked"]


@app.command()
def export(
    form: Annotated[
        ExportForm, typer.Option("--format", help="turtle, rdfxml or jsonld: all modules as one; sssom: the mappings.")
    ] = ExportForm.RDFXML,
    module: Annotated[
        str | None, typer.Option("--module", help="One module alone, by name.", show_default=False)
    ] = None,
    out: Out = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Write the ontology in force as one document for other tools, or its mappings to other vocabularies."""
    from stratagraph.ontology.mappings import sssom
    from stratagraph.ontology.publishing import Syntax, merged, module_facts, written

    with errors_in_words():
        model = ontology_of(load_settings(config, ontology=ontology), reason=False).model
        if form is ExportForm.SSSOM:
            text = sssom(model)
        else:
            facts = module_facts(model, module) if module else merged(model)
            text = written(facts, Syntax[form.name]).decode()
        write(text, out)


@app.command()
def term(
    name: Annotated[str, typer.Argument(help="IRI, CURIE, local name, or label in English or Portuguese.")],
    form: Form = Format.TEXT,
    out: Out = None,
    lang: Language = "en",
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Say everything about a term of the ontology; case and accents do not matter."""
    with errors_in_words():
        vocabulary = _vocabulary(config, ontology)
        found = vocabulary.describe(vocabulary.find(name))
        document = found.document(vocabulary.model, lang)
        plain = "\n".join(_described(found, document, lang))
        write(plain if form is Format.TEXT else json_text(document), out)


def _described(found: Description, document: dict[str, Any], lang: str) -> Iterator[str]:
    words = texts(lang)
    yield f"{document['name']}  ({words[found.kind]})  <{found.iri}>"
    for tag, label in found.labels.items():
        yield f"  [{tag}] {label}: {found.definitions.get(tag, '')}"
    for field in ("level", "types", "above", "below", "domain", "range", "inverse", "characteristics", "chains"):
        value = document[field]
        if value:
            yield f"  {words[field]}: {value if isinstance(value, str) else ', '.join(value)}"
    if found.form:
        yield from _form(document, lang)
    for sent in document["transmissions"]:
        yield f"  {words['transmits']} ({words[sent['direction']]}, {sent['strength']}): {', '.join(sent['aspects'])}"
    for said in document["statements"]:
        tag = f" @{said['language']}" if said["language"] else ""
        yield f"  {said['predicate']}: {said['value']}{tag}"
    for field in ("module", "source", "status"):
        if document[field]:
            yield f"  {words[field]}: {document[field]}"


def _form(document: dict[str, Any], lang: str) -> Iterator[str]:
    """Yield what things of a class may say, a line for each attribute and relation."""
    words = texts(lang)
    if document["key"]:
        yield f"  {words['key']}: {', '.join(document['key'])}"
    for kind in ("attributes", "relations"):
        if document[kind]:
            yield f"  {words[kind]}:"
        for field in document[kind]:
            yield f"    {field['name']} ({_reach(field, words)}): {field['label']}. {field['definition']}"


def _reach(field: dict[str, Any], words: Mapping[str, str]) -> str:
    if "datatype" in field:
        kind = words.get(field["datatype"], field["datatype"])
        return kind if field["single"] else f"{kind}, {words['several']}"
    if field["values"]:
        return f"{words['one-of']} {', '.join(field['values'])}"
    inverse = f"; {words['inverse'].lower()} {field['inverse']}" if field["inverse"] else ""
    return f"{words['template-to']} {', '.join(field['range'])}{inverse}"


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="Words of a name or a definition, in English or Portuguese.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most terms to list.")] = 20,
    form: Form = Format.TEXT,
    out: Out = None,
    lang: Language = "en",
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """List the terms whose names or definitions have every word; case and accents do not matter."""
    with errors_in_words():
        vocabulary = _vocabulary(config, ontology)
        documents = [_brief(vocabulary, iri, lang) for iri in vocabulary.search(text, limit)]
        if not documents and form is Format.TEXT:
            sys.stderr.write(f"{texts(lang)['none-found'].format(text=text)}\n")
            raise typer.Exit(1)
        rows = "\n".join("{name}\t{kind}\t{label}\t{definition}".format(**document) for document in documents)
        write(rows if form is Format.TEXT else json_text(documents), out)


def _brief(vocabulary: Vocabulary, iri: str, lang: str) -> dict[str, str]:
    model = vocabulary.model
    return {
        "iri": iri,
        "name": compact(iri),
        "kind": texts(lang)[vocabulary.terms[iri]],
        "label": model.label(iri, lang),
        "definition": model.definition(iri, lang),
    }


def _vocabulary(config: Any, ontology: Any) -> Vocabulary:
    return Vocabulary(ontology_of(load_settings(config, ontology=ontology), reason=False).model)
