# Every target works from a clean clone: it makes what it needs first. `make help` lists them.
SHELL   := /bin/bash
PYTHON  ?= python3
WORKERS ?= auto
ARGS    ?=

VENV := .venv
BIN  := $(VENV)/bin
# One stamp for what users install, one for what developers add. Both follow the two files that decide what is installed.
RUN  := $(VENV)/.installed-run
DEV  := $(VENV)/.installed-dev
PIP  := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup system demo test check format bench bench-sizing train cluster playground playground-down clean distclean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-16s %s\n' "$$name" "$$text"; done
	@echo '  variables: PYTHON=python3.12 picks the interpreter, WORKERS=4 the test processes, ARGS="-k name" goes to pytest'

setup: $(DEV) system  ## everything for developing: .venv with the pinned packages, system parts for the tests

demo: $(RUN)  ## the whole program on generated data: no cluster, no Prometheus
	$(BIN)/vpa-inplace demo

test: setup  ## all tests; the first time it also builds a Kubernetes to test against (five minutes)
	@$(BIN)/python -m tests.cluster.build --or-skip
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

check: $(DEV)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict vpa_inplace
	$(BIN)/lint-imports --no-logo

format: $(DEV)  ## let ruff put format and imports right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV) system  ## measure speed and memory against the budgets
	$(BIN)/python tests/bench/bench.py $(ARGS)

bench-sizing: $(DEV)  ## the sizing engine on public traces (VPA_INPLACE_TRACES) beside stored rules
	$(BIN)/python tests/bench/sizing.py $(ARGS)

train: $(DEV)  ## train the shipped model again from public traces (VPA_INPLACE_TRACES)
	$(BIN)/python tests/bench/train.py $(ARGS)

cluster: setup  ## build the Kubernetes of the tests from source, once; KUBERNETES=1.33.13 picks another version
	@$(BIN)/python -m tests.cluster.build

playground: setup  ## a real one-node cluster with Prometheus, example apps and load on this machine, to play with
	@$(BIN)/python -m tests.cluster.playground up

playground-down:  ## end it, and leave nothing
	@$(BIN)/python -m tests.cluster.playground down

clean:  ## remove what builds and tests leave behind
	rm -rf build dist *.egg-info .coverage htmlcov .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean  ## the same, and .venv
	rm -rf $(VENV)

system:
	@scripts/install-system-parts

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "vpa-inplace needs Python 3.11 or newer, and '$(PYTHON)' is not that: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment: on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }

$(RUN): $(BIN)/python pyproject.toml constraints.txt
	@echo "installing vpa-inplace into $(VENV) (about a minute the first time)"
	@$(PIP) --editable .
	@touch $@

$(DEV): $(RUN)
	@echo "adding the tools for developing"
	@$(PIP) --editable '.[dev,notebooks]'
	@touch $@
