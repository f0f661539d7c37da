# The project's commands; continuous integration calls the same ones.
# Every target sets up what it needs in .venv and is safe to run again.

VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= python3
# A process more than cores, for many tests wait for a server; tests/scheduling.py says which tests stay together.
PARALLEL ?= --numprocesses $(shell echo $$(($$(nproc) + 1))) --dist loadgroup --no-loadscope-reorder

.PHONY: help demo demo-neo4j test lint types imports ontology test-nightly test-newest bench-load bench-inventory bench-scrape bench-restart bench-start bench-store bench-sparql bench-schema bench-telemetry bench-telemetry-steady bench-telemetry-answer bench-kafka bench-root-cause soak mutations docs lock clean

help: ## List the commands.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.run ## Load the example estate and sample telemetry and serve them on 127.0.0.1:8000.
	$(BIN)/stratagraph demo $(ARGS)

demo-neo4j: $(VENV)/.run ## The demo with a local Neo4j; needs Java and Maven.
	$(BIN)/stratagraph neo4j up --demo
	@# However it ends, by Ctrl-C or a signal to make, both servers end with it.
	@$(BIN)/stratagraph demo $(ARGS) & demo=$$!; \
	trap 'kill $$demo 2>/dev/null; wait $$demo; $(BIN)/stratagraph neo4j down --demo' EXIT; \
	trap 'exit 130' INT; trap 'exit 143' TERM; wait $$demo

test: $(VENV)/.dev lint types imports ## Lint, types, import rule and every test.
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-nightly: $(VENV)/.dev ## The long property and crash runs, the newest Neo4j and the mutations.
	$(BIN)/python -m pytest $(PARALLEL) --timeout 3600 --nightly $(ARGS)
	$(if $(ARGS),,$(MAKE) test-newest mutations)

test-newest: $(VENV)/.dev ## The tests of Neo4j against its newest version.
	TEST_NEO4J=newest $(BIN)/python -m pytest -m neo4j $(ARGS)

lint: $(VENV)/.dev ## Ruff: rules and format.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## mypy, strict, over the package and the tests.
	$(BIN)/mypy

imports: $(VENV)/.dev ## The import rule between the folders.
	PYTHONPATH=.links $(BIN)/lint-imports

docs: $(VENV)/.run ## Write the ontology as pages to browse into build/reference.
	$(BIN)/stratagraph docs --out build/reference $(ARGS)

ontology: $(VENV)/.run ## Write the merged ontology of a release and its mappings into build/ontology.
	mkdir -p build/ontology
	for form in turtle:ttl rdfxml:owl jsonld:jsonld sssom:sssom.tsv; do \
	  $(BIN)/stratagraph ontology export --format $${form%%:*} --out build/ontology/stratagraph.$${form#*:} || exit 1; done

bench-start: $(VENV)/.dev ## What a command costs before it does anything, as JSON lines.
	$(BIN)/python bench/start.py

bench-restart: $(VENV)/.dev ## What a start costs after an orderly end, after a kill and from the ledger alone, as JSON lines; SIZE=3000 for a quick run.
	$(BIN)/python bench/restart.py $(SIZE)

bench-inventory: $(VENV)/.dev ## What reading inventories costs beside the bare parse, as JSON lines; SIZE=2 for documents of 2 MiB.
	$(BIN)/python bench/inventory.py $(SIZE)

bench-scrape: $(VENV)/.dev ## What a scrape costs beside prometheus_client's parser, as JSON lines; SIZE=2000 series for a quick run.
	$(BIN)/python bench/scrape.py $(SIZE)

bench-store: $(VENV)/.dev ## The store beside an earlier build (BEFORE=...) and the bare engines, as JSON lines and a table; SIZE=2000 for a quick run, NEO4J=0 without it.
	$(BIN)/python bench/store.py $(SIZE)

bench-load: $(VENV)/.dev ## Commits, probes and light reads beside 0, 10 and 50 heavy readers, against an earlier commit (BASE=...); SIZE=100 for a quick run.
	BASE=$(BASE) $(BIN)/python bench/load.py $(SIZE)

bench-sparql: $(VENV)/.dev ## The SPARQL endpoint beside Oxigraph's server and Fuseki, as JSON lines; SIZE=1000 for a quick run.
	$(BIN)/python bench/sparql.py $(SIZE)

bench-schema: $(VENV)/.dev ## What /api/schema costs, as JSON lines; SIZE=2000 for a quick run, 100000 for a large estate.
	$(BIN)/python bench/schema.py $(SIZE)

bench-telemetry: $(VENV)/.dev ## What a span costs from the request to the ledger, beside parsing alone and an earlier build (BEFORE=...); SIZE=4000 for a quick run.
	$(BIN)/python bench/telemetry.py $(SIZE)

bench-telemetry-steady: $(VENV)/.dev ## Memory and disk of telemetry in the long run, and the error of its quantiles, as JSON lines; SIZE=5000 for a quick run.
	$(BIN)/python bench/telemetry_steady.py $(SIZE)

bench-telemetry-answer: $(VENV)/.dev ## How long senders of telemetry wait at half of the highest rate, as JSON lines; SECONDS (30) of each part.
	$(BIN)/python bench/telemetry_answer.py $(SECONDS)

bench-kafka: $(VENV)/.dev ## Telemetry from Kafka by one service and by two on PostgreSQL, as JSON lines; SIZE=5000 spans for a quick run.
	$(BIN)/python bench/kafka.py $(SIZE)

bench-root-cause: $(VENV)/.dev ## How often planted root causes are found, beside simple methods, as JSON lines; SIZE=12 systems a kind for a quick run.
	$(BIN)/python bench/rootcause.py $(SIZE)

soak: $(VENV)/.dev ## Hostile and normal clients mixed, for SECONDS (600); ends with a verified ledger and everything free.
	$(BIN)/python bench/soak.py $(SECONDS)

mutations: $(VENV)/.dev ## How much of what breaks in the ledger, the deriver and the queries a test notices; SIZE=5 for a quick run, SEED=... to repeat one.
	$(BIN)/python scripts/mutations.py $(if $(SIZE),--size $(SIZE)) $(if $(SEED),--seed "$(SEED)")

lock: $(VENV)/.dev ## Resolve the lock files anew from pyproject.toml.
	scripts/lock

clean: ## Remove the environment and every build result.
	rm -rf $(VENV) .links build dist *.egg-info

$(VENV)/.run: requirements/run.lock pyproject.toml setup.py scripts/setup
	scripts/setup run $(PYTHON)

$(VENV)/.dev: requirements/dev.lock pyproject.toml setup.py scripts/setup scripts/setup-system scripts/links
	scripts/setup dev $(PYTHON)
