# Everything runs from .venv, made here from two hashed locks: requirements.txt holds what runs,
# requirements-dev.txt the same and what tests it, Spark (0.5 GB) among it: its tests skip without Java.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-for-tests
export UV_NO_PROGRESS = 1

.DEFAULT_GOAL := help
.PHONY: help install demo up down test lint type docs bench lock clean

help:  ## Show what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: $(TEST_STAMP)  ## Make .venv with everything that development needs

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Stageline needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --compile-bytecode -e .
	@touch $(STAMP)

$(TEST_STAMP): $(STAMP) requirements-dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements-dev.txt
	@touch $(TEST_STAMP)

demo: $(STAMP)  ## Run the demo pipeline in a real Airflow and leave both UIs up
	$(BIN)/python -m stageline.standalone demo

up: $(STAMP)  ## Start Airflow and MLflow on 127.0.0.1
	$(BIN)/python -m stageline.standalone up

down:  ## Stop what `make demo` or `make up` started
	@if [ -x $(BIN)/stageline ]; then $(BIN)/python -m stageline.standalone down; fi

test: $(TEST_STAMP)  ## Run all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(TEST_STAMP)  ## Style and import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

type: $(TEST_STAMP)  ## Static types
	$(BIN)/mypy

docs: $(TEST_STAMP)  ## Build the pages into docs/_build
	$(BIN)/sphinx-build --fail-on-warning --quiet docs docs/_build

bench: $(TEST_STAMP)  ## Speed claims, each against a named peer
	@for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	pyproject.toml

lock: $(TEST_STAMP)  ## Refresh the locks from pyproject.toml
	$(LOCK) --extra celery --extra postgres --extra checkout -o requirements.txt
	$(LOCK) --extra celery --extra postgres --extra checkout --extra spark --extra docs --extra dev \
		-c requirements.txt -o requirements-dev.txt

clean: down  ## Remove everything that was made here
	rm -rf $(VENV) .demo .airflow dist build
