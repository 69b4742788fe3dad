# One command each to run, test, check and measure; the same ones in continuous integration.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -q
ARGS ?=

# The first interpreter on the path that is new enough; `make PYTHON=/path/to/python run` names another.
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python3.14; do \
	if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$name"; break; fi; done)

# What needs no filled lake, no page and no other program: most of all tests, in a tenth of the time.
QUICK := $(addprefix tests/,metrics/catalog metrics/events metrics/lake/formats alerts app/charts app/components)
# Tests are compiled anew for every process that cannot keep what it compiled.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --dist worksteal

.PHONY: help run test quick explore lint format bench pictures lock browser database node spark clean

help: ## Show what there is.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: $(VENV)/run.stamp ## Start the dashboards on http://localhost:8501; ARGS="--port 9000" changes that.
	@exec $(BIN)/promptpilot up $(ARGS)

# A quarter of all tests' time is waited, for a browser or for what starts again: one more than there are cores fills it.
# What installs packages of Python, or checks types, leaves a core idle meanwhile.
test: $(BIN)/activate ## Check everything: lint, types, then unit, property and browser tests; ARGS picks some.
	@$(MAKE) --no-print-directory database spark & programs=$$!; \
	$(MAKE) --no-print-directory $(VENV)/dev.stamp; wait $$programs
	@$(MAKE) --no-print-directory browser node & programs=$$!; \
	$(MAKE) --no-print-directory lint; wait $$programs
	@CHROMIUM="$$(bash .ci/browser $(BIN)/python path)" $(PYTEST) -n 3 $(ARGS)

quick: $(VENV)/dev.stamp database ## Check while you work: most tests, in less than 90 seconds; ARGS="-k cost" picks some of these.
	@$(PYTEST) -n 2 -m "not long" $(QUICK) $(ARGS)

explore: $(VENV)/dev.stamp ## Hold properties against examples that were never tried; what breaks is kept, and tried first from then on.
	@$(PYTEST) -n 2 -m hypothesis --hypothesis-profile=random $(ARGS)

lint: $(VENV)/dev.stamp ## Check style, import directions and types.
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format --check -q . || { echo "some files are not formatted: run make format"; exit 1; }
	@$(BIN)/lint-imports --no-logo > $(VENV)/imports.log 2>&1 || { cat $(VENV)/imports.log; exit 1; }
	@$(BIN)/pyright --threads 2 --pythonpath $(BIN)/python > $(VENV)/types.log || { cat $(VENV)/types.log; exit 1; }

format: $(VENV)/dev.stamp ## Put all files into the house's format.
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

bench: $(VENV)/dev.stamp ## Measure, and write the table of benchmarks/README.md.
	@$(BIN)/python -m benchmarks $(ARGS)

pictures: browser ## Take the pictures of docs/ anew, from demo data; ARGS="cost live" takes these alone.
	@CHROMIUM="$$(bash .ci/browser $(BIN)/python path)" $(BIN)/python -m tests.e2e.pictures $(ARGS)

lock: ## Resolve the dependencies of pyproject.toml anew and write both lock files.
	@"$(PYTHON)" .ci/lock

clean: ## Remove the environment and what tools left behind; data/ stays.
	@rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache

browser: $(VENV)/dev.stamp
	@bash .ci/browser $(BIN)/python install

database:
	@bash .ci/postgres

node: $(VENV)/dev.stamp
	@bash .ci/node $(BIN)/python $(VENV)/node

spark: $(BIN)/activate
	@bash .ci/spark $(BIN)/python $(VENV)/spark

$(BIN)/activate:
	@test -n "$(PYTHON)" || { echo "PromptPilot needs Python 3.11 or newer, and found none on the path."; exit 3; }
	@"$(PYTHON)" -c 'import ensurepip' 2>/dev/null || { echo "This Python cannot make an environment: install its venv package (Debian: apt install python3-venv)."; exit 3; }
	@echo "Making $(VENV) with $$("$(PYTHON)" --version) …"
	@"$(PYTHON)" -m venv $(VENV)
	@$(PIP) install --no-deps "$$(grep '^setuptools==' requirements.lock)"

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(BIN)/activate
	@echo "Installing what requirements.lock names …"
	@$(PIP) install --no-deps -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.lock
	@echo "Installing what requirements-dev.lock names …"
	@$(PIP) install --no-deps -r requirements-dev.lock
	@touch $@
