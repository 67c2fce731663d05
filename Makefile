# The arkivmelding gateway. `make` alone says what there is.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test interop faults check format bench lock wheel clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements.lock.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## See an arkivmelding go all the way, on this machine alone
	$(BIN)/gateway demo

test: $(READY) ## Run every test
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

interop: $(READY) ## Let Java read our packages, and read Java's (needs a JDK, Maven and the network)
	$(BIN)/pytest -m interop tests/interop

faults: $(READY) ## Kill servers and workers 200 times on each database while 500 messages go out (half an hour)
	$(BIN)/pytest -s -m long tests/faults

check: $(READY) ## Style, types, and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## Put the code into the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## Print the performance ratios, measured side by side (some minutes)
	@for script in tests/bench/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

lock: $(READY) ## Fix the newest versions that pyproject.toml allows, with hashes
	$(BIN)/pip install --quiet uv
	printf 'hatchling\neditables\n' | $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-strip-extras --all-extras --upgrade --custom-compile-command "make lock" \
		pyproject.toml - --output-file requirements.lock.txt

wheel: $(READY) ## Build the wheel into dist/
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## Take away what was made
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
