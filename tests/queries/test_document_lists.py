"""What the documents put into lists and tables is found: metrics, risks, components, terms, attributes, routes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core import vocabulary

LISTS = re.compile(
    r"^- (?:Métricas/controles|Métricas prioritárias|Métricas|Riscos|Componentes|Componentes extras)[:.] (?P<items>.+)$"
)
INFLUENCES = re.compile(r"^- (?:Afeta|É afetado por)\b[^:]*: (?P<items>.+)$")
"""Levels, each with why it influences or is influenced in brackets."""
TERM = re.compile(r"^[•-] \**(?P<items>[A-Z][\w .&/-]{2,60}?)\**(?: \([^)]+\))?\**: \S")
ASIDE = re.compile(r"\([^()]*\)")
MARKS = re.compile(r"[*`$]+|</?(?:i|code)>|\\")
PARTS = re.compile(r"[,;]| e (?=[a-z])")
LONGEST = 6
"""Words of the longest name; what is longer is a sentence."""
FRAMES = re.compile(
    r"^(Para|Exemplos?|Agente (usa|temRisco)|Pipeline (produz|dependeDe)|Prompt temMétrica|Sistema implementadoEm"
    r"|L\d+ [\w .]+ afeta|Contribuições|Vínculo|Logs|Entregáveis mínimos|Campos mínimos|Disponibilizar|exigindo"
    r"|Execução de|Tecnologias como|Um sistema de|um mecanismo de|tamanho das|Exploração|Suporte nível|por release"
    r"|Descrição simples|Atributos-exemplo|Níveis (chave|críticos)|Prós|Foco de|Há variedade|Capacite"
    r"|API embeddings|seus índices|Como falamos|O que medimos|Regras a seguir|buscar contexto|Orquestração em)\b"
)
"""Heads of columns, values of examples, and beginnings of sentences: they name nothing of the field."""
EXAMPLES = re.compile(r"[A-Z]\w+_\w|^(EduVest|Banco Áureo|CloudX|OpenText-v1|NavegadorSeguro|Ecosistema|diário .*)")
"""Individuals and values of the example estate, which stand in its file."""


def items(text: str) -> Iterator[str]:
    """Yield the names in a list, without asides and marks."""
    plain = MARKS.sub("", ASIDE.sub("", text))
    for part in PARTS.split(plain):
        item = part.strip(" .[]")
        if 0 < len(item.split()) <= LONGEST and not FRAMES.match(item) and not EXAMPLES.search(item):
            yield item


def listed(text: str) -> Iterator[str]:
    """Yield what stands in the lists and tables of a document."""
    for line in text.splitlines():
        if found := LISTS.match(line) or TERM.match(line):
            yield from items(found["items"])
        elif found := INFLUENCES.match(line):
            for aside in ASIDE.findall(found["items"]):
                yield from items(aside.strip("()").replace("ex.: ", ""))
        elif line.startswith("|") or "\t" in line:
            yield from (item for cell in re.split(r"[|\t]", line) if "→" not in cell for item in items(cell))


@pytest.mark.shared
@pytest.mark.parametrize(("number", "least"), [("000", 15), ("001", 10), ("002", 5), ("003", 400), ("004", 15)])
def test_what_a_document_lists_is_found(shared: Path, number: str, least: int) -> None:
    (source,) = (shared / "sources").glob(f"{number}_*.txt")
    words = dict.fromkeys(word for word in listed(source.read_text("utf-8")) if re.search(r"[^\W\d]{3}", word))
    assert len(words) >= least
    assert [word for word in words if not vocabulary().search(word, 1)] == []
