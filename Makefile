# Two commands are all a fresh machine needs: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup run demo test quick bench bench-polling soak fuzz eval learn sbom audit suites lint lock clean

setup: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "monitor needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: setup
	$(BIN)/monitor run

demo: setup
	$(BIN)/monitor demo

test: setup
	sh tests/services.sh
	$(BIN)/python -m pytest --cov --cov-report=term
	$(BIN)/python tests/coverage_floor.py

quick: setup
	$(BIN)/python -m pytest -m "not slow"

# How well the shipped rulebook tags our own labelled entries, and groups our own labelled groups.
eval: setup
	$(BIN)/monitor eval eval/gold.jsonl --baseline eval/baseline.json
	$(BIN)/monitor eval eval/groups.jsonl --baseline eval/groups-baseline.json
	$(BIN)/monitor eval eval/groups-held.jsonl --baseline eval/groups-held-baseline.json

# Learns monitor/rulebook/likeness.toml anew from the labelled groups.
learn: setup
	$(PYTHON) -m venv .learn
	.learn/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/learn.txt
	PYTHONPATH=.:$$(echo $(VENV)/lib/python3*/site-packages) .learn/bin/python -m eval.learn

# An hour of random faults on the running service; MINUTES and SEED may be set.
soak: setup
	$(BIN)/python -m benchmarks.soak --minutes $${MINUTES:-60} --seed $${SEED:-1}

# Chance against all that reads what strangers write: EXAMPLES of each property, then MINUTES of atheris (Linux only).
fuzz: setup .fuzz/.installed
	EXAMPLES=$${EXAMPLES:-20000} $(BIN)/python -m pytest --timeout=0 tests/fuzz
	PYTHONPATH=.:$$(echo $(VENV)/lib/python3*/site-packages) .fuzz/bin/python -m tests.fuzz.parse_target .fuzz/work -max_total_time=$$((60 * $${MINUTES:-60}))

.fuzz/.installed: requirements/fuzz.txt
	$(PYTHON) -m venv .fuzz
	.fuzz/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@touch $@

# Matchers of others are only installed here, apart from the program.
bench: setup
	$(PYTHON) -m venv .bench
	.bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	PYTHONPATH=.:$$(echo $(VENV)/lib/python3*/site-packages) .bench/bin/python -m benchmarks.tagging --peers

# Polling beside other readers on a feed farm; needs newsboat (apt-get install newsboat). FEEDS may be set.
bench-polling: setup
	$(PYTHON) -m venv .bench
	.bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers.txt
	$(BIN)/python -m benchmarks.polling --feeds $${FEEDS:-1000}

# What `monitor` is made of, with hashes and licences, as CycloneDX: sbom.json.
sbom: setup .sbom/.installed
	.sbom/bin/python requirements/sbom.py $(BIN)/python sbom.json

# Known flaws of what is pinned; needs the network. See docs/robustness.md for machines without.
audit: .sbom/.installed
	.sbom/bin/pip-audit --requirement requirements/run.txt --require-hashes --disable-pip --strict

.sbom/.installed: requirements/sbom.txt
	$(PYTHON) -m venv .sbom
	.sbom/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/sbom.txt
	@touch $@

# The public test suites of other parsers, unpacked in FOLDER as feedparser, gofeed, feedjira and miniflux.
suites: setup
	$(BIN)/python -m tests.public_suites $(FOLDER)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Pins every version with hashes; needs `uv` (pip install uv). No index is named in the result.
lock:
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-strip-extras --python-version 3.11 --custom-compile-command "make lock" pyproject.toml -o requirements/run.txt
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-strip-extras --python-version 3.11 --custom-compile-command "make lock" --extra dev -c requirements/run.txt pyproject.toml -o requirements/dev.txt
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-strip-extras --python-version 3.11 --custom-compile-command "make lock" requirements/bench.in -o requirements/bench.txt
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-strip-extras --python-version 3.11 --custom-compile-command "make lock" requirements/learn.in -o requirements/learn.txt
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-strip-extras --python-version 3.11 --custom-compile-command "make lock" requirements/peers.in -o requirements/peers.txt
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-strip-extras --python-version 3.11 --custom-compile-command "make lock" requirements/sbom.in -o requirements/sbom.txt
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-strip-extras --python-version 3.11 --custom-compile-command "make lock" requirements/fuzz.in -o requirements/fuzz.txt

clean:
	rm -rf $(VENV) .bench .learn .sbom .fuzz .mypy_cache .ruff_cache .coverage*
