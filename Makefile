# Two commands: `make train` and `make test`. Both make .venv and install the project into it when needed (tools/install.sh).
.DEFAULT_GOAL := help
.PHONY: help train test lint clean
.NOTPARALLEL:

# PYTHON: the python that makes .venv.  TORCH_INDEX: the package index that torch comes from.  ARGS: more for `graphsage train`.
PYTHON ?=
TORCH_INDEX ?=
ARGS ?=
export PYTHON TORCH_INDEX

help:
	@echo 'make train   install into .venv, then train GraphSAGE on the bundled Debian graph (ARGS="--epochs 3" passes flags)'
	@echo 'make test    install with what the tests need, then run every test'
	@echo 'make lint    check the style (ruff)'
	@echo 'make clean   delete .venv and everything else that was made here, but not runs/'
	@echo ''
	@echo 'PYTHON=/path/to/python3.12    the python that makes .venv (3.11 or newer)'
	@echo 'TORCH_INDEX=ADDRESS           where torch comes from: see README, "CPU or CUDA"'

train:
	@sh tools/install.sh run
	.venv/bin/graphsage train debian $(ARGS)

test:
	@sh tools/install.sh dev
	.venv/bin/python tools/run_tests.py

lint:
	@sh tools/install.sh dev
	.venv/bin/python -m ruff check .

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
