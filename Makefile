# make run: install into .venv and run the comparison. make test: the same, and the tests.
# make check: linters. make check-faults: kills and fuzzed inputs in great number. make check-slow: many whole runs, and real data.
# make check-statistics: simulated experiments, whether intervals and p-values keep what they promise.
# make guard: the shipped sets against results/baseline, by the gates of .ci/bench.toml; the report is in bench-report/
# (a failed cell, 5, is reported and fails there).
# make site: the pages of docs/ as a site in build/site, to be opened without a server.
# make bench: the speed of it all against the libraries (docs/performance.md).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run test check guard check-faults check-slow check-statistics site bench clean

run: $(VENV)/.run
	$(BIN)/python -m bench run

# A file of tests is one process's work, so that what a module's fixtures made is made once.
test: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --dist loadfile

guard: $(VENV)/.run
	mkdir -p bench-report
	$(BIN)/python -m bench run --config .ci/bench.toml --name guard --fresh || [ $$? -eq 5 ]
	$(BIN)/python -m bench compare baseline results/guard --config .ci/bench.toml \
	  --markdown bench-report/report.md --junit bench-report/report.xml --json bench-report/report.json

check-faults: $(VENV)/.test
	BENCH_KILLS=100 BENCH_FUZZ=100000 $(BIN)/python -m pytest tests/data/formats/test_fuzz.py tests/experiment/test_faults.py \
	  tests/experiment/test_continuation.py -m 'not statistics'

check-slow: $(VENV)/.test
	$(BIN)/python -m pytest -m slow

check-statistics: $(VENV)/.test
	$(BIN)/python -m pytest -m statistics

site: $(VENV)/.test
	$(BIN)/python -m sphinx -W --keep-going -q -E -c docs/site docs build/site

bench: $(VENV)/.benchmarks
	$(BIN)/python -m pytest tests/benchmarks --override-ini 'addopts=' --benchmark-only -q

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("bench needs Python 3.11 or newer; name one: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test]'
	touch $@ $(VENV)/.run

$(VENV)/.benchmarks: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[benchmarks]'
	touch $@ $(VENV)/.test $(VENV)/.run

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/.test $(VENV)/.run

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
