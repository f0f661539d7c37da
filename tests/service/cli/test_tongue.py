"""Commands speak the language that they are asked in: help, mistakes, what they print, and errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stratagraph.ontology import sentences
from tests.ontology.test_sentences import ENGLISH, QUOTED
from tests.service.cli.invoking import Done, run
from tests.service.running import clean_environment
from tests.test_documentation import COMMANDS

NAMES = re.compile(r"<[^<>]*>|\[x[<>=0-9x]*\]|\b(first|second|name|text|path)s?\b")
"""What no language changes in a help: kinds of values, ranges, and the names of arguments."""
GROUPS = sorted({name.rpartition(" ")[0] for name, _ in COMMANDS})


def english(text: str) -> list[str]:
    """The English words of a text, what is quoted and named left out."""
    return ENGLISH.findall(QUOTED.sub("", NAMES.sub("", " ".join(text.split()))))


@pytest.fixture(name="environment")
def _environment(tmp_path: Path) -> dict[str, str]:
    """A user's environment without any data."""
    return dict(clean_environment(tmp_path))


def portuguese(*arguments: str, environment: dict[str, str]) -> Done:
    return run(*arguments, environment={**environment, "STRATAGRAPH_LANG": "pt-BR"})


@pytest.mark.parametrize("name", [*GROUPS, *(name for name, _ in COMMANDS)])
def test_help_is_in_the_language_asked_for(name: str, environment: dict[str, str]) -> None:
    told = portuguese(*name.split(), "--help", environment=environment)
    assert told.returncode == 0
    assert told.stdout.startswith("Uso: ")
    assert english(told.stdout) == []
    beside = run(*name.split(), "--lang", "pt-BR", "--help", environment=environment) if name else told
    assert name in GROUPS or beside.stdout == told.stdout


def test_english_help_reads_no_catalogue(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sentences, "files")
    sentences.catalogue.cache_clear()
    assert "Usage:" in run("impact", "--help", environment=environment).stdout


MISTAKES = [
    ((), "Uso: "),
    (("nope",), "Não há comando 'nope'."),
    (("--nope",), "Não há opção --nope"),
    (("token",), "Uso: stratagraph token"),
    (("impact",), "Falta o argumento"),
    (("impact", "a", "b"), "Argumentos a mais (b)"),
    (("impact", "a", "--aspekt", "b"), "opções parecidas: --aspect"),
    (("impact", "a", "--depth", "x"), "deve ser um número inteiro"),
    (("impact", "a", "--depth", "0"), "deve ser no mínimo 1"),
    (("impact", "a", "--format", "x"), "não é um destes: 'table'"),
    (("impact", "a", "--aspect"), "precisa de um valor"),
    (("audit", "--on", "2026-02-30"), "escreva ano, mês e dia"),
    (("audit", "--out", "/"), "é uma pasta, e --out precisa de um arquivo"),
    (("load", "x", "--source", " "), "--source precisa de um nome"),
    (("load", "nothing.ttl"), "o arquivo não existe"),
    (("load", "-"), "O que há na entrada padrão?"),
    (("impact", "a"), "Não há livro-razão em"),
    (("withdraw", "--source", "a"), "Não há livro-razão em"),
    (("ledger", "verify"), "Não há livro-razão em"),
    (("ledger", "import", "nothing.jsonl"), "o arquivo ou a pasta não existe"),
    (("neo4j", "status"), "Não há livro-razão em"),
    (("token", "add", "a b", "--role", "read"), "não pode ser nome de token"),
    (("token", "revoke", "a"), "Não há livro-razão em"),
    (("token", "list"), "Não há livro-razão em"),
    (("neo4j", "down"), "Não há livro-razão em"),
    (("query", "SELECT"), "o arquivo ou a pasta não existe"),
    (("validate", "--data", "x.ttl", "--shapes", "y.ttl"), "Dê arquivos RDF a --data e --shapes."),
]


@pytest.mark.parametrize(("arguments", "told"), MISTAKES, ids=[" ".join(arguments) for arguments, _ in MISTAKES])
def test_mistakes_are_told_in_the_language_asked_for(
    arguments: tuple[str, ...], told: str, environment: dict[str, str]
) -> None:
    done = portuguese(*arguments, environment=environment)
    assert told in f"{done.stdout}{done.stderr}"
    assert english(f"{done.stdout}{done.stderr}") == []
    if arguments and not arguments[0].startswith("-"):
        first = run("--lang", "pt-BR", *arguments, environment=environment)
        assert (first.returncode, first.stdout, first.stderr) == (done.returncode, done.stdout, done.stderr)


def test_the_option_is_taken_wherever_it_stands(environment: dict[str, str]) -> None:
    expected = "stratagraph: nope.ttl não pode ser lido: o arquivo não existe. Verifique o caminho e suas permissões.\n"
    for arguments in (
        ("load", "nope.ttl", "--lang", "pt-BR"),
        ("load", "--lang=pt", "nope.ttl"),
        ("--lang", "pt-BR", "load", "nope.ttl"),
        ("--lang", "en", "load", "--lang", "pt-br", "nope.ttl"),
    ):
        assert run(*arguments, environment=environment).stderr == expected
    beaten = run("load", "nope.ttl", "--lang", "en", environment={**environment, "STRATAGRAPH_LANG": "pt-BR"})
    assert "there is no such file" in beaten.stderr
