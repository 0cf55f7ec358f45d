# Thin names for the usual commands; everything runs in .venv.
.PHONY: setup demo test slow lint format docs bench gpu-check ci
PY := .venv/bin/python

setup:
	bash tools/setup.sh .venv all
	$(PY) -m pip install --quiet --group dev

demo: ; .venv/bin/fastntk demo
test: ; $(PY) -m pytest
slow: ; $(PY) -m pytest -m slow

lint:
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) tools/check_sizes.py

format:
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

docs: ; $(PY) -m sphinx -E -W --keep-going -n -q docs docs/_build
# On a machine with a GPU: correctness, compute-sanitizer and figures, in <= 10 minutes.
gpu-check: ; PYTHON="$${PYTHON:-$(PY)}" bench/cuda/run.sh
bench: ; cd bench && ../$(PY) -m asv run
ci: ; .ci/run
