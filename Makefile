# `make test` and `make demo` need Python >= 3.11 and make; they install the rest into VENV.
PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
JOBS ?= auto
SPHINX_ARGS ?=
DEMO_ARGS ?=
BENCHMARKS ?= quality speed

PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test lint docs benchmarks clean

help:
	@echo "make demo        train on the shipped tweets, write plots into demo_output/"
	@echo "make test        run the tests (PYTEST_ARGS='-k name' chooses, JOBS=1 uses one core)"
	@echo "make lint        ruff check and ruff format --check"
	@echo "make docs        build the documentation into docs/_build/html"
	@echo "make benchmarks  measure quality and speed (BENCHMARKS=quality chooses)"
	@echo "make clean       remove what the targets wrote, and .venv"
	@echo "Settings: PYTHON=$(PYTHON) VENV=$(VENV)"

demo: $(VENV)/.installed-plot
	$(PY) docs/examples/demo.py $(DEMO_ARGS)

test: $(VENV)/.installed-test
	$(PY) -m pytest -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

lint: $(VENV)/.installed-ruff
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

docs: $(VENV)/.installed-docs
	$(PY) -m sphinx -b html $(SPHINX_ARGS) docs docs/_build/html

benchmarks: $(VENV)/.installed-plot $(VENV)/.installed-peers
	@set -e; for name in $(BENCHMARKS); do \
	  echo "$$name"; $(PY) -m benchmarks $$name; \
	done

clean:
	rm -rf .venv build dist demo_output docs/_build docs/auto_examples docs/generated
	rm -rf docs/sg_execution_times.rst .pytest_cache .ruff_cache .hypothesis
	find sklearn_rnn tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else \
	"sklearn_rnn needs Python 3.11 or newer, but $(PYTHON) is %d.%d. " \
	"Name a newer one, as in: make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-ruff: constraints.txt | $(PY)
	$(PIP) install --quiet -c constraints.txt ruff
	@touch $@

$(VENV)/.installed-peers: benchmarks/requirements-peers.txt constraints.txt | $(PY)
	$(PIP) install --quiet -c constraints.txt -r benchmarks/requirements-peers.txt
	@touch $@

# One stamp for each extra of pyproject.toml.
KERNELS := hatch_build.py $(wildcard sklearn_rnn/modules/kernels/*.cpp sklearn_rnn/modules/kernels/*.h)

$(VENV)/.installed-%: pyproject.toml constraints.txt $(KERNELS) | $(PY)
	@echo "Installing sklearn_rnn[$*] into $(VENV); the first time takes some minutes"
	$(PIP) install --quiet -c constraints.txt -e '.[$*]'
	@touch $@
