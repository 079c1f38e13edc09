# Every target prepares what it needs: `make run` on a bare Debian machine is enough to try the portal.
# `make` alone lists the targets.

PY := .venv/bin/python
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test test-sqlite test-postgres test-browser test-real check fix bench lock clean env-run env-dev services

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  ARGS="-k name" is handed on to pytest; HOST and PORT say where `make run` listens.'

run: env-run ## start the portal on this machine with demo data; Ctrl-C stops it
	@$(PY) -m scripts.run

test: env-dev services ## every test, on SQLite and on PostgreSQL, with real services and a real browser
	@$(PY) -m scripts.run_tests all $(ARGS)

test-sqlite: env-dev ## the suite on SQLite only: the quick one
	@$(PY) -m scripts.run_tests sqlite $(ARGS)

test-postgres: env-dev services ## the suite on PostgreSQL only
	@$(PY) -m scripts.run_tests postgres $(ARGS)

test-browser: env-dev services ## browser tests and tests against real services only
	@$(PY) -m scripts.run_tests services $(ARGS)

test-real: env-dev services ## tests that read real data: make test-real DATA=path
	@$(PY) -m scripts.run_tests real --data "$(DATA)" $(ARGS)

check: env-dev ## lint, formats, types, layers, migrations, diagrams, requirements
	@$(PY) -m scripts.check

fix: env-dev ## repair what a formatter can repair
	@$(PY) -m scripts.check --fix

bench: env-dev services ## measure speed and footprint
	@$(PY) -m benchmarks $(ARGS)

lock: env-dev ## compile requirements/ from pyproject.toml; ARGS=--upgrade takes the newest versions
	@scripts/lock $(ARGS)

clean: ## remove the environment, caches and the trial's data
	rm -rf .venv .cache var
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

env-run:
	@scripts/system-packages run
	@scripts/environment run

env-dev:
	@scripts/system-packages run
	@scripts/environment dev

services:
	@scripts/system-packages test
