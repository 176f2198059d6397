# `make` lists the targets. Python 3.11 or newer and make are all that is needed beforehand.

VENV ?= .venv
# More than there are cores on a small machine: half the time a test waits for what it started.
WORKERS ?= 4
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# The first interpreter that is new enough. Being asked, not looked up: a name on the path may be
# a placeholder for a version that is not installed.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& command -v "$$python" && break; done)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run test check format-check lint types imports dockerfile migrations format \
	bench fuzz lock upgrade clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.everything ## Make .venv with everything that development needs

run: $(VENV)/.runtime ## Migrate, plant the example and serve it on this machine
	@$(BIN)/stet migrate
	@$(BIN)/stet seed
	@$(BIN)/stet serve

test: setup ## Run all tests on SQLite and PostgreSQL
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadgroup

check: format-check lint types imports dockerfile migrations test ## Check everything, as CI does

format-check: setup ## Check the formatting
	$(BIN)/ruff format --check --quiet .

lint: setup ## Lint the code
	$(BIN)/ruff check --quiet .

types: setup build/typescript/.installed ## Check the types, of Python and of the page's modules
	$(BIN)/mypy
	$(BIN)/node build/typescript/node_modules/typescript/bin/tsc --project tests/web/typescript

# TypeScript has no wheel; its lock has the hashes.
build/typescript/.installed: tests/web/typescript/package-lock.json | setup
	@mkdir -p build/typescript
	@cp tests/web/typescript/package.json tests/web/typescript/package-lock.json build/typescript
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/npm ci --silent --ignore-scripts --no-audit --no-fund \
		--prefix build/typescript
	@touch $@

imports: setup ## Check which module imports which
	$(BIN)/lint-imports

dockerfile: setup ## Lint the Dockerfile
	$(BIN)/hadolint Dockerfile

# No server is asked: alembic only writes the SQL that PostgreSQL would get. The table of its own
# that it begins with is not ours to lint.
migrations: setup ## Lint the SQL of the migrations
	@mkdir -p build
	STET_DATABASE_URL=postgresql://localhost/stet $(BIN)/alembic upgrade head --sql >build/migrations.sql
	sed '/^CREATE TABLE alembic_version/,/;$$/s/.*//' build/migrations.sql \
		| $(BIN)/squawk --stdin-filepath build/migrations.sql

format: setup ## Format the code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Run the benchmarks
	$(BIN)/python -m tests.bench

fuzz: setup ## Fuzz the parsers for three minutes each, where atheris has a wheel
	for target in imports queries spans; do $(BIN)/python -m tests.fuzz $$target --seconds 180 || exit; done

lock: ## Lock the dependencies of pyproject.toml, keeping the versions that still fit
	$(call compile,)

upgrade: ## Lock the newest versions that pyproject.toml allows
	$(call compile,--upgrade)

clean: ## Remove what make and the tools made, except databases
	rm -rf $(VENV) build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Stet needs Python 3.11 or newer, and none was found." \
		"Name one with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is not Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make a virtual" \
		"environment. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Every version is in the lock with its hash; the build needs nothing beside it.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Stet runs on into $(VENV) ..."
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Python compiles what is imported when it is; most of this never is.
$(VENV)/.everything: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing what Stet is developed with into $(VENV) ..."
	@$(PIP) install --no-compile --require-hashes --requirement requirements-dev.lock
	@touch $@

# The development lock takes over the runtime lock's versions.
define compile
@command -v uv >/dev/null || { echo "Locking needs uv: pip install uv" >&2; exit 1; }
uv pip compile pyproject.toml --extra build --output-file requirements.lock $(LOCKING) $(1)
uv pip compile pyproject.toml --extra build --extra dev --extra formats --extra traces --constraints requirements.lock \
	--output-file requirements-dev.lock $(LOCKING) $(1)
endef
LOCKING := --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links
