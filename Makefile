# Two Heads. `make app` opens the dashboard, `make test` runs everything that must hold.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?=

.PHONY: app serve test test-unit test-model test-page test-browser snapshots docs bench truth pictures profiles effects needs pairs maps twins recall audit clean

app: $(VENV)/.app
	$(BIN)/python -m dashboard app $(if $(PORT),--port $(PORT))

serve: $(VENV)/.app
	$(BIN)/python -m dashboard serve $(if $(PORT),--port $(PORT)) $(ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m tools.chromium
	$(BIN)/python -m tools.nginx
	$(BIN)/python -m dashboard models --get smollm2
	$(BIN)/lint-imports --no-cache
	$(BIN)/pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check -q .
	$(BIN)/python -m pytest -q -n 3 --dist loadfile $(ARGS)

# One tier of the tests, or what ARGS names of it: make test-unit ARGS="-k percent". See tests/README.md.
PYTEST = $(BIN)/python -m pytest -q -n 2 --dist loadfile

test-unit: $(VENV)/.dev
	$(PYTEST) tests/unit $(ARGS)

test-model: $(VENV)/.dev
	$(BIN)/python -m dashboard models --get smollm2
	$(PYTEST) tests/model $(ARGS)

test-page: $(VENV)/.dev
	$(BIN)/python -m dashboard models --get smollm2
	$(PYTEST) tests/page $(ARGS)

test-browser: $(VENV)/.dev
	$(BIN)/python -m tools.chromium
	$(BIN)/python -m dashboard models --get smollm2
	$(PYTEST) tests/browser $(ARGS)

# Writes the sentences that the tests compare with anew; read the difference before you commit it.
snapshots: $(VENV)/.dev
	$(BIN)/python -m dashboard models --get smollm2
	$(BIN)/python -m pytest -q -n 0 --snapshot-update $(or $(ARGS),tests/unit tests/model tests/page)

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -q
	@echo "Open site/index.html. For the search: $(BIN)/python -m http.server -d site -b 127.0.0.1"

bench: $(VENV)/.dev
	$(BIN)/python -m tools.chromium
	$(BIN)/python -m dashboard models --get smollm2
	$(BIN)/python -m bench $(or $(ARGS),$(filter truth,$(MAKECMDGOALS)))

# `make bench truth` is `make bench ARGS=truth`.
truth: ; @:

pictures: $(VENV)/.dev
	$(BIN)/python -m tools.chromium
	$(BIN)/python -m tools.pictures

profiles: $(VENV)/.dev
	$(BIN)/python -m tools.profiles "$(TREEBANK)" $(ARGS)

effects: $(VENV)/.dev
	$(BIN)/python -m tools.effects $(ARGS)

needs: $(VENV)/.dev
	$(BIN)/python -m tools.needs $(ARGS)

pairs: $(VENV)/.dev
	$(BIN)/python -m tools.pair_sets $(ARGS)

maps: $(VENV)/.dev
	$(BIN)/python -m tools.maps $(ARGS)

twins: $(VENV)/.dev
	$(BIN)/python -m tools.twins $(TREEBANK) $(ARGS)

recall: $(VENV)/.dev
	$(BIN)/python -m tools.recall

audit: $(VENV)/.dev
	$(BIN)/pip-audit -r requirements.txt

# A Python without ensurepip (Debian without python3-venv) makes the environment bare and fills it from outside.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Two Heads needs Python 3.11 or newer. Name one: make app PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(VENV)/bin/python install pip; }

$(VENV)/.app: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt
	touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements-dev.txt
	touch $@ $(VENV)/.app

clean:
	rm -rf $(VENV) site test-results .pytest_cache .hypothesis
