"""Many findings of a kind are one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratagraph.ontology.extension.findings import ModuleFinding, ModuleSeverity, in_lines
from tests.ontology.extension.extending import extended


@pytest.mark.parametrize(("lang", "words"), [("en", "12 terms have no label"), ("pt-BR", "12 termos não têm rótulo")])
def test_many_findings_of_a_kind_are_one_line_and_all_are_in_the_document(
    tmp_path: Path, lang: str, words: str
) -> None:
    judged = extended(tmp_path, bare=" ".join(f"my:C{n} a owl:Class ." for n in range(12)))
    [module] = judged.report.modules
    [(line, told)] = in_lines(module.findings, lang)
    assert line.startswith(words)
    assert "ontology#C0" in line
    assert len(told) == len(judged.report.document(lang)["modules"][0]["findings"]) == 12


def test_findings_of_different_kinds_are_not_mixed() -> None:
    def bare(term: str, detail: str) -> ModuleFinding:
        return ModuleFinding(severity=ModuleSeverity.WARNING, rule="missing-label", term=term, detail=detail)

    both = [bare(f"t{n}", "pt-BR" if n % 2 else "en, pt-BR") for n in range(30)]
    assert sorted(len(told) for _, told in in_lines(both)) == [15, 15]
    assert len(list(in_lines(both[:8]))) == 8
