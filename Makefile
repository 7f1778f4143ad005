# Two commands: `make train` and `make test`. All but help and clean make .venv and install the project into it when needed (tools/install.sh).
.DEFAULT_GOAL := help
.PHONY: help train test bench docs lint clean
.NOTPARALLEL:

# PYTHON: the python that makes .venv.  TORCH_INDEX: the package index that torch comes from.  ARGS: more for `graphsage train`.
# BENCH: the folder of what `make bench` measures.
PYTHON ?=
TORCH_INDEX ?=
ARGS ?=
BENCH ?= runs/bench
export PYTHON TORCH_INDEX

help:
	@echo 'make train   install into .venv, then train GraphSAGE on the bundled Debian graph (ARGS="--epochs 3" passes flags)'
	@echo 'make test    install with what the tests need, then run every test'
	@echo 'make bench   the four benchmarks at a small size, within 15 minutes on 2 idle cores; results in runs/bench (BENCH=FOLDER)'
	@echo 'make docs    the documentation as web pages, in build/docs'
	@echo 'make lint    check the style (ruff)'
	@echo 'make clean   delete .venv and everything else that was made here, but not runs/'
	@echo ''
	@echo 'PYTHON=/path/to/python3.12    the python that makes .venv (3.11 or newer)'
	@echo 'TORCH_INDEX=ADDRESS           where torch comes from: see docs/install.md'

train:
	@sh tools/install.sh run
	.venv/bin/graphsage train debian $(ARGS)

test:
	@sh tools/install.sh dev
	.venv/bin/python tools/run_tests.py

bench:
	@sh tools/install.sh dev
	.venv/bin/python -m benchmarks.sampling_depth --size small --out $(BENCH)/sampling_depth
	.venv/bin/python -m benchmarks.batch_size --size small --out $(BENCH)/batch_size
	.venv/bin/python -m benchmarks.scaling --size small --out $(BENCH)/scaling
	.venv/bin/python -m benchmarks.throughput --size small --out $(BENCH)/throughput
	@echo 'tables and figures: $(BENCH)/*/*.md, $(BENCH)/*/*.png'

docs:
	@sh tools/install.sh dev
	.venv/bin/python -m sphinx -W -E -a -q docs build/docs
	@echo 'the documentation: $(CURDIR)/build/docs/index.html'

lint:
	@sh tools/install.sh dev
	.venv/bin/python -m ruff check .

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
