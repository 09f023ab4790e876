# Two commands: `make book` and `make test`. Everything runs in .venv, made from requirements.lock.

PYTHON ?= python3
ARCHIVE ?= demo
# Notebook parameters, such as PARAMETERS="-p s05.minimum_length 10".
PARAMETERS ?=
# Options of JupyterLab, such as LAB=--allow-root in a container.
LAB ?=
BIN = .venv/bin

.DEFAULT_GOAL := help
.PHONY: help book test .test-all check .test-quick lint .lint-types .lint-rest lab demo bench lock clean
.DELETE_ON_ERROR:
# The archive is written beside the compiler.
MAKEFLAGS += --jobs=2
# What a process compiles as it imports is kept: of all that is installed a third is ever imported.
unexport PYTHONDONTWRITEBYTECODE

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

book: $(if $(filter demo,$(ARCHIVE)),data/demo/catalogue.toml) .venv/.compiled  ## run the notebooks and render the book (ARCHIVE=path, PARAMETERS="-p name value")
	$(BIN)/qilian book --archive "$(ARCHIVE)" $(PARAMETERS)

# A process for each core or one more, each with one thread for linear algebra (more wait for one
# another); each takes whole files, as tests/conftest.py counts, groups and orders them.
PYTEST = OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses logical \
  --dist loadfile --no-loadscope-reorder

test: .lint-types .test-all  ## lint and all tests; those in a browser need chromium

.test-all: .lint-rest data/demo/catalogue.toml .venv/.compiled
	$(PYTEST)

check: .lint-types .test-quick  ## lint and the quick tests: those that need no archive, book or browser
	@echo "Left out: tests marked slow, and four of five examples of each property (make test has all)."

.test-quick: .lint-rest .venv/.compiled
	$(PYTEST) --quick

# Types are checked beside the rest, and beside tests.
lint: .lint-types .lint-rest

.lint-types: .venv/.ready
	$(BIN)/mypy

.lint-rest: .venv/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --quiet --offline .github/workflows

lab: data/demo/catalogue.toml  ## open JupyterLab on the same environment
	$(BIN)/jupyter lab --notebook-dir=. $(LAB)

demo: data/demo/catalogue.toml  ## write the simulated archive to data/demo

bench: .venv-bench/.ready  ## timings, as ratios within one run
	for script in $(filter-out bench/stacks.py,$(wildcard bench/*.py)); do .venv-bench/bin/python $$script || exit; done

COMPILE = $(BIN)/uv pip compile pyproject.toml --extra book --universal --python-version 3.11 \
  --fork-strategy fewest --generate-hashes --no-header --no-annotate --upgrade --quiet

lock: .venv/.ready  ## resolve requirements.lock and the bench's own anew
	$(COMPILE) --group dev --output-file requirements.lock
	$(COMPILE) --group bench --constraint requirements.lock --output-file bench/requirements.lock

clean:  ## remove what was built; the environment stays
	rm -rf _build data/demo data/cache

data/demo/catalogue.toml: .venv/.ready lib/qilian_demo/table_s1.csv $(wildcard lib/qilian_demo/*.py lib/qilian_demo/*/*.py)
	$(BIN)/qilian demo

# What a book imports, and the solver, compile at their first import, for which it would wait.
.venv/.compiled: .venv/.ready lib/qilian/insar/sbas/machine.py
	EAGER_IMPORT=1 $(BIN)/python -c 'import distributed, hvplot.xarray, ipykernel.ipkernel, papermill, zarr, qilian'
	$(BIN)/python -m qilian.book.sphinx.build _config.yml </dev/null
	touch $@

# pip brings uv at the version and hash of the lock; uv brings everything else.
.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$$($(PYTHON) --version) is too old: Python 3.11 or newer is needed, as in make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "$(PYTHON) lacks its venv module: install it (Debian: python3-venv)"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock | \
	  $(BIN)/python -m pip install --quiet --require-hashes --requirement /dev/stdin
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

# The bench has MintPy beside the book's packages, at the same versions.
.venv-bench/.ready: bench/requirements.lock .venv/.ready
	$(PYTHON) -m venv --clear .venv-bench
	$(BIN)/uv pip sync --quiet --python .venv-bench/bin/python --compile-bytecode --require-hashes $<
	$(BIN)/uv pip install --quiet --python .venv-bench/bin/python --no-deps --no-build-isolation --editable .
	touch $@
