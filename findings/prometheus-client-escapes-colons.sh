#!/usr/bin/env bash
# prometheus_client 0.26 writes a metric with a colon in its name by two names at once to whoever asks for OpenMetrics 1.0
# with escaping=underscores (or with none named, which means that): HELP and TYPE keep the colon, the samples have an
# underscore. Colons are legal in names since ever, and their own parser then finds a family that has no samples, and
# samples of an unknown type. So what vLLM calls vllm:num_requests_running goes by another name after a change of the
# Accept header alone. Fails when the behaviour is another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "prometheus_client==0.26.0"
"$folder/venv/bin/python" - <<'PY'
import importlib.metadata as metadata

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

registry = CollectorRegistry()
Gauge("vllm:num_requests_running", "Now", registry=registry).set(1)
told = {}
for accept in ("text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0"):
    encode, content_type = choose_encoder(accept)
    text = encode(registry).decode()
    told[accept] = text
    print(content_type, text, sep="\n")
print("prometheus_client", metadata.version("prometheus_client"))
old, new = told.values()
families = [(family.name, family.type, len(family.samples)) for family in parse(new)]
print("read back:", families)
same = "# TYPE vllm:num_requests_running gauge" in new and "\nvllm_num_requests_running 1.0" in new
raise SystemExit(0 if same and "\nvllm:num_requests_running 1.0" in old else "the behaviour has changed")
PY
