"""Runs the code of the guide to language models, with models that return a given query; on no network but loopback.

Run by itself, in an environment that has the frameworks, ``asked_by_models.py URL GUIDE FRAMEWORK QUERY`` prints what
the code of the framework's section answers.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

QUESTION = "Which agents have high autonomy?"
PAGE = "KINDS"
"""What a prompt must hold for a model to know the graph."""


def code_of(guide: Path, section: str) -> str:
    """The code of a section of the guide."""
    text = guide.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return str(code)


def names_of(guide: Path, section: str, url: str) -> dict[str, Any]:
    """What the code of a section defines, for a service at an address."""
    names: dict[str, Any] = {"__name__": "guide"}
    exec(compile(code_of(guide, section), f"{guide.name}, {section}", "exec"), names)  # noqa: S102  our own guide
    names["URL"] = url
    return names


def checked(prompt: str, query: str) -> str:
    """Answer a prompt like a model that has read the page."""
    assert PAGE in prompt, "the prompt holds the page"
    assert QUESTION in prompt, "the prompt holds the question"
    return query


def with_langchain(names: dict[str, Any], query: str) -> str:
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import RunnableLambda

    model = RunnableLambda(lambda prompt: AIMessage(checked(prompt.to_string(), query)))
    return str(names["ask"](QUESTION, model))


def with_llama_index(names: dict[str, Any], query: str) -> str:
    from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata

    class Model(CustomLLM):  # type: ignore[misc]  # the framework is not there where types are checked
        @property
        def metadata(self) -> Any:
            return LLMMetadata()

        def complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:  # noqa: FBT002  the base's
            return CompletionResponse(text=checked(prompt, query))

        def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:  # noqa: FBT002
            raise NotImplementedError

    return str(names["ask"](QUESTION, Model()))


def with_graphrag(names: dict[str, Any], query: str) -> str:
    from neo4j_graphrag.llm import LLMResponse

    class Model:
        def invoke(self, prompt: str) -> Any:
            return LLMResponse(content=checked(prompt, query))

    return str(names["ask"](QUESTION, Model()))


def with_mcp(names: dict[str, Any], query: str) -> str:
    from mcp import Client

    async def session() -> str:
        async with Client(names["server"]) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == {"schema", "sparql"}
            page = (await client.call_tool("schema", {})).content[0].text
            answer = await client.call_tool("sparql", {"query": checked(f"{page}{QUESTION}", query)})
            return str(answer.content[0].text)

    return asyncio.run(session())


FRAMEWORKS: dict[str, tuple[str, Callable[[dict[str, Any], str], str]]] = {
    "langchain": ("LangChain", with_langchain),
    "llama-index": ("LlamaIndex", with_llama_index),
    "neo4j-graphrag": ("neo4j-graphrag", with_graphrag),
    "mcp": ("An MCP client", with_mcp),
}


def main(url: str, guide: str, framework: str, query: str) -> None:
    section, run = FRAMEWORKS[framework]
    sys.stdout.write(run(names_of(Path(guide), section, url), query))


if __name__ == "__main__":
    main(*sys.argv[1:])
