# Fengqiao 枫桥. Needs python3 (3.11 or newer) with its venv module, and make; no root. uv is used when present.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYPROJECT := pyproject.toml
DEMO   := $${FENGQIAO_DEMO:-1}

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run check test diff rig conformance cover fmt schema plans migrate lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp ## Install, migrate, load the small demo and serve on HOST:PORT (127.0.0.1:8000)
	@FENGQIAO_DEMO=$(DEMO) exec $(BIN)/python -m cli serve

check: $(VENV)/dev.stamp ## Lint, format, types and import contracts, without the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

test: $(VENV)/dev.stamp | node-tools ## Run everything that must hold: all tests, and the gates of `check` among them
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

diff: $(VENV)/dev.stamp ## Compare both executors on 200,000 generated documents
	$(BIN)/python -m tests.differential --documents 200000

rig: $(VENV)/dev.stamp ## Ten minutes of the feed's rig: random commands, consoles and faults on both stores, judged
	$(BIN)/python -m bench.rig --minutes $${RIG_MINUTES:-10}

conformance: $(VENV)/dev.stamp $(VENV)/node.stamp ## Audit the server, write docs/conformance.md, compare the schema, try it for minutes
	$(BIN)/python -m tests.conformance
	CONFORMANCE_EXAMPLES=$${CONFORMANCE_EXAMPLES:-150} $(BIN)/python -m pytest tests/conformance

cover: $(VENV)/dev.stamp | node-tools ## Run the tests with branch coverage: 100 % of domain and services, 90 % of the rest
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report --include='domain/*,services/*' --fail-under=100
	$(BIN)/coverage report --omit='domain/*,services/*,db/migrations/*,demo/build.py,demo/making/*' --fail-under=90

fmt: $(VENV)/dev.stamp ## Format the code and make the safe lint repairs
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

schema: $(VENV)/run.stamp ## Write schema.graphql from the code
	@$(BIN)/python -c 'from api.graphql import sdl; print(sdl().strip())' > $(VENV)/schema.graphql
	@mv $(VENV)/schema.graphql schema.graphql
	@echo "schema.graphql written"

plans: $(VENV)/dev.stamp ## Write the kept query plans anew, for review
	@WRITE_PLANS=1 $(BIN)/python -m pytest -q tests/db/test_plans.py

migrate: $(VENV)/run.stamp ## Bring the database up to date
	@$(BIN)/python -m cli migrate

lock: ## Write both locks from pyproject.toml: versions and hashes, no address (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH" >&2; exit 1; }
	uv pip compile $(LOCK_FLAGS) -o requirements.lock $(PYPROJECT)
	uv pip compile $(LOCK_FLAGS) --group dev -c requirements.lock -o requirements-dev.lock $(PYPROJECT)
	uv pip compile $(LOCK_FLAGS) --group node -o requirements-node.lock

LOCK_FLAGS := --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

# One environment serves both; the dev lock holds the run lock's versions, so it satisfies both stamps.
$(VENV)/run.stamp: requirements.lock | $(BIN)/python $(BIN)/fengqiao
	$(call install,$<)
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock | $(BIN)/python $(BIN)/fengqiao
	$(call install,$<)
	@touch $(VENV)/run.stamp $@

# The machine's Node when it is 18 or newer, else one from a wheel; what npm brings stays in the folders of the locks.
NODE_LOCKS := tests/conformance/npm/package-lock.json tests/interop/npm/package-lock.json
$(VENV)/node.stamp: $(NODE_LOCKS) requirements-node.lock | $(VENV)/dev.stamp
	@{ command -v npm && node -e 'process.exit(+(parseInt(process.versions.node) < 18))'; } >/dev/null 2>&1 \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
			--require-hashes -r requirements-node.lock
	@for lock in $(NODE_LOCKS); do echo "Installing $$lock (once) …"; ( cd "$$(dirname "$$lock")" && \
		{ PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error \
			|| { rm -rf node_modules; exit 1; }; } ) || exit 1; done
	@touch $@

# Where they cannot be had, a contributor's tests run without them: those that need them say so and are skipped.
.PHONY: node-tools
node-tools: $(VENV)/dev.stamp
	@$(MAKE) --no-print-directory $(VENV)/node.stamp || { test "$$CI" != true && \
		echo "Without Node.js or its tools: the tests that need them are skipped (with CI=true they fail)." >&2; }

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Fengqiao needs $(PYTHON) 3.11 or newer on the PATH" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Fengqiao needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." >&2; \
		echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python's venv module is missing (on Debian: the package python3-venv)." >&2; exit 1; }

# The command line under its own name; settings and var/ are those of the folder it is called from.
$(BIN)/fengqiao: | $(BIN)/python
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s" -m cli "$$@"\n' "$(CURDIR)" "$(CURDIR)/$(BIN)/python" > $@
	@chmod +x $@

define install
	@echo "Installing $(1) (once; about a minute) …"
	@{ command -v uv >/dev/null && uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1); } \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
			--require-hashes -r $(1)
endef
