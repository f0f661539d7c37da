"""Opens the property graph with one tool that introspects it, as its users do; run by a Python that has the tool.

Usage: introspection.py TOOL URL PASSWORD. Prints as JSON what the tool shows of the schema, and the agents it counts.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

AGENTS = "MATCH (a:Agent) RETURN count(a) AS agents"
Shown = tuple[str, int | None]


def llama_index(url: str, password: str) -> Shown:
    """Open it as a property graph store, without an option."""
    from llama_index.graph_stores.neo4j import Neo4jPropertyGraphStore  # noqa: PLC0415  each environment has one of the tools

    store = Neo4jPropertyGraphStore(username="neo4j", password=password, url=url)
    return store.get_schema_str(), store.structured_query(AGENTS)[0]["agents"]


def neomodel(url: str, password: str) -> Shown:
    """Let its inspector write the classes; it asks nothing."""
    scheme, _, place = url.partition("://")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "models.py"
        inspector = Path(sys.executable).with_name("neomodel_inspect_database")
        whole = f"{scheme}://neo4j:{password}@{place}/neo4j"
        subprocess.run([inspector, "--db", whole, "--write-to", file], check=True, stdout=subprocess.DEVNULL)
        return file.read_text(encoding="utf-8"), None


def mcp_neo4j_cypher(url: str, password: str) -> Shown:
    """Ask its server what an assistant would; its schema fails on any database without a sample size (0.6.0)."""
    return asyncio.run(_ask_over_mcp(url, password))


async def _ask_over_mcp(url: str, password: str) -> Shown:
    from mcp import ClientSession, StdioServerParameters  # noqa: PLC0415  each environment has one of the tools
    from mcp.client.stdio import stdio_client  # noqa: PLC0415  each environment has one of the tools

    options = ["--db-url", url, "--username", "neo4j", "--password", password, "--read-only"]
    options += ["--schema-sample-size", "1000", "--transport", "stdio"]
    command = str(Path(sys.executable).with_name("mcp-neo4j-cypher"))
    server = StdioServerParameters(command=command, args=options)
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        schema: Any = await session.call_tool("get_neo4j_schema", {})
        rows: Any = await session.call_tool("read_neo4j_cypher", {"query": AGENTS})
    return schema.content[0].text, json.loads(rows.content[0].text)[0]["agents"]


TOOLS = {"llama-index": llama_index, "neomodel": neomodel, "mcp-neo4j-cypher": mcp_neo4j_cypher}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(TOOLS[sys.argv[1]](sys.argv[2], sys.argv[3])))
