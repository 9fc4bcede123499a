# Every target is explained by `make help`. Logic lives in scripts/ and retention/devservices/.
.PHONY: help setup demo demo-reset dev test check fmt format-check lint types contracts migrations-check deploy-check crash e2e bench shell icons stop

PORT ?= 8000
BIN = .venv/bin
WITH_SERVICES = DJANGO_SETTINGS_MODULE=retention.settings.test $(BIN)/python -m retention.devservices run --instance test --
# The newest supported Python that can make virtual environments (Debian packs that part separately).
PYTHON = $$(for name in python3.13 python3.12 python3.11 python3 python; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo "$$name" && break; done)

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Make .venv, install pinned packages, fetch front-end assets (quick when done before)
	@python="$(PYTHON)"; \
	if [ -z "$$python" ]; then \
		echo "Holdfast needs Python 3.11, 3.12 or 3.13 with the modules venv and ensurepip (Debian, Ubuntu: apt install python3-venv)." >&2; \
		exit 1; \
	fi; \
	"$$python" scripts/setup.py

demo: setup ## Start everything with the demo company on http://127.0.0.1:8000 (PORT=8001 changes it); Ctrl-C stops
	@PORT=$(PORT) $(BIN)/python -m retention.devservices.runner demo

demo-reset: setup ## Forget the demo's data, then start it over
	@$(BIN)/python -m retention.devservices.runner reset
	@PORT=$(PORT) $(BIN)/python -m retention.devservices.runner demo

dev: setup ## Like demo, but loads no demo data and reloads the web server on changes; HOLDFAST_SERVICES=name gives it a database of its own
	@PORT=$(PORT) $(BIN)/python -m retention.devservices.runner dev

test: setup ## Run all tests on their own PostgreSQL and Valkey, in random order (ARGS= for pytest)
	@$(BIN)/python -m pytest --cov --cov-report=term:skip-covered $(ARGS)

e2e: setup ## Run only the tests that drive a browser
	@$(BIN)/python -m pytest tests/e2e -ra $(ARGS)

crash: setup ## Run only the tests that kill the worker, PostgreSQL and Valkey at work
	@$(BIN)/python -m pytest -m crash -v $(ARGS)

check: format-check lint types contracts migrations-check deploy-check test ## Everything that must hold before a change lands

fmt: setup ## Format the code and sort its imports
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

format-check: setup ## Is the code formatted?
	@$(BIN)/ruff format --check .

lint: setup ## Look for mistakes and bad habits
	@$(BIN)/ruff check .

types: setup ## Check types, strictly
	@$(BIN)/mypy

contracts: setup ## Check who may import whom
	@$(BIN)/lint-imports

migrations-check: setup ## Do migrations match the models, and are they safe to apply to a running system?
	@$(WITH_SERVICES) $(BIN)/python manage.py makemigrations --check --dry-run
	@$(WITH_SERVICES) $(BIN)/python manage.py lintmigrations --quiet ok ignore

deploy-check: setup ## Would Django deploy the production settings?
	@DJANGO_SETTINGS_MODULE=retention.settings.base DATABASE_URL=postgresql:///holdfast REDIS_URL=redis://localhost \
		SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

bench: setup ## Measure scoring on this machine (BENCH_SCALE=1 is a million accounts; 0.1 unless told)
	@HOLDFAST_SERVICES=bench $(BIN)/python -m retention.devservices run --instance bench -- \
		sh -c '$(BIN)/python manage.py migrate --verbosity 0 && $(BIN)/python manage.py bench'

shell: setup ## A Python shell with the models, on the demo's data
	@$(BIN)/python -m retention.devservices run -- $(BIN)/python manage.py shell

stop: ## Stop the embedded services, should anything have left them running
	@$(BIN)/python -m retention.devservices stop
	@$(BIN)/python -m retention.devservices stop --instance test

icons: setup ## Make static/icons.svg anew from the names in static/icons.txt
	@$(BIN)/python scripts/icons.py
