# `make demo` and `make test` are all a newcomer needs. Everything else is listed by `make help`.
PYTHON ?= python3
PORT ?= 5000
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO_INSTANCE ?= instance/demo
export PYTHONPATH := .

.PHONY: help install demo demo-reset serve test coverage lint types bench bench-matching lock translations screenshots

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "make %-16s %s\n", $$1, $$2}'

install: $(STAMP) ## Build .venv from the hash-locked requirements, and stop

$(STAMP): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("揭榜台需要 Python 3.11 或更新版本 / Python >= 3.11 is needed" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

demo: $(STAMP) ## Serve the demo with its data, worker included (PORT=5000)
	@JIEBANG_INSTANCE_PATH=$${JIEBANG_INSTANCE_PATH:-$(DEMO_INSTANCE)} $(BIN)/flask --app wsgi demo run --port $(PORT)

demo-reset: $(STAMP) ## Throw the demo's data away and begin anew
	@JIEBANG_INSTANCE_PATH=$${JIEBANG_INSTANCE_PATH:-$(DEMO_INSTANCE)} $(BIN)/flask --app wsgi demo reset --yes
	@$(MAKE) --no-print-directory demo

serve: $(STAMP) ## Serve this installation (settings from JIEBANG_*), worker included
	@$(BIN)/flask --app wsgi db upgrade
	@$(BIN)/flask --app wsgi serve --port $(PORT)

test: $(STAMP) ## Everything; what needs PostgreSQL, Redis or Chromium skips with its reason
	@$(BIN)/python -m pytest

lint: $(STAMP) ## ruff, template lint, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/djlint --quiet --lint templates

types: $(STAMP) ## pyright
	@$(BIN)/pyright

bench: $(STAMP) ## Pages at 100, 10,000 and 100,000 challenges, against a bare page in the same run
	@$(BIN)/python benchmarks/pages.py

coverage: $(STAMP) ## The matching library's tests with every line and branch of it run, or it fails
	@$(BIN)/python -m coverage run --branch --source=matching -m pytest -q tests/matching
	@$(BIN)/python -m coverage report -m --fail-under=100

bench-matching: $(STAMP) ## The matcher's quality (MATCHING_SETS=folder of the public sets) and speed to a million, as ratios
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.matching_quality $(if $(MATCHING_SETS),--sets $(MATCHING_SETS))
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.matching_speed --million

translations: $(STAMP) ## Collect texts for translation and compile the English catalogue
	@$(BIN)/pybabel -q extract -F babel.cfg -k _l -k N_ -k lazy_pgettext:1c,2 -o market/translations/messages.pot --no-location --sort-output .
	@$(BIN)/pybabel -q update -i market/translations/messages.pot -d market/translations -l en --no-fuzzy-matching --no-wrap
	@$(BIN)/pybabel -q compile -d market/translations

screenshots: $(STAMP) ## Twelve pages at 1280 and 390 px into docs/screenshots
	@$(BIN)/python benchmarks/screenshots.py

lock: ## Renew the locked requirements (maintainers; needs uv)
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 setup.cfg --extra prod -o requirements.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 setup.cfg --extra prod --extra cluster --extra dev --extra e2e -c requirements.txt -o requirements-dev.txt
