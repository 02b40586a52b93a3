# Two commands on a fresh machine: `make demo`, then `make test`.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: setup demo test check docs clean

setup: $(READY)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.11" \
		if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

demo: demo/lava.html
	@echo
	@echo "The texture: $(abspath $<)"
	@echo "Open it in any browser, from disk; click or touch wipes a hole, and it grows shut."
	@echo
	$(BIN)/nca verify $< --if-found

demo/lava.html: demo/.trained $(wildcard export/*.py shaders/*.j2 viewer/*)
	$(BIN)/nca export demo/lava -o $@ --force

demo/.trained: examples/lava.png | $(READY)
	$(BIN)/nca train $< -o demo/lava --features imagenet --force
	touch $@

test: check
	$(BIN)/python tests/install_browser.py
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/python docs/make_commands.py

clean:
	rm -rf .venv demo build dist *.egg-info
