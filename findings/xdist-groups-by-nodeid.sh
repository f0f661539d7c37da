#!/usr/bin/env bash
# pytest-xdist keeps tests with one mark xdist_group in one process by writing the group behind each test's node id. It writes an
# attribute from which pytest 9.2 no longer makes the node id: with --dist loadgroup the group does nothing, and nothing says so.
# Fails when the behaviour is another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "pytest==9.2.0" "pytest-xdist==3.8.0"
for name in one two; do
  cat > "$folder/test_$name.py" <<'PY'
import time

import pytest


@pytest.mark.xdist_group("together")
@pytest.mark.parametrize("number", range(4))
def test_it(number: int) -> None:
    time.sleep(0.2)
PY
done
"$folder/venv/bin/pip" list 2>/dev/null | grep -i pytest
cd "$folder"
"$folder/venv/bin/python" -m pytest -p no:cacheprovider -v -n 2 --dist loadgroup | tee "$folder/out.txt" | grep -E "^\[gw"
processes=$(grep -oE "^\[gw[0-9]+\]" "$folder/out.txt" | sort -u | wc -l)
named=$(grep -c "@together" "$folder/out.txt" || true)
echo "tests of one group ran in $processes processes; lines that name the group: $named"
[ "$processes" = 2 ] && [ "$named" = 0 ]
