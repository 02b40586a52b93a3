# Two commands on a fresh machine: `make demo`, then `make test`.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: setup demo check check-python check-javascript test test-all ready-to-test browser kernels
.PHONY: docs site site-tools npm templates release-check clean

setup: $(READY)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.11" \
		if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	@# setuptools warns of the folder nca/, which hides nothing: the finder that it installs maps every package
	PYTHONWARNINGS="ignore:Editable installation" $(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

demo: demo/lava.html
	@echo
	@echo "The texture: $(abspath $<)"
	@echo "Open it in any browser, from disk; click or touch wipes a hole, and it grows shut."
	@echo
	$(BIN)/nca verify $< --if-found

demo/lava.html: demo/.trained $(shell find export shaders viewer -name "*.py" -o -name "*.js" -o -name "*.j2" -o -name "*.css")
	$(BIN)/nca export demo/lava -o $@ --force

demo/.trained: examples/lava.png | $(READY)
	$(BIN)/nca train $< -o demo/lava --force
	touch $@

check: check-python check-javascript

check-python: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/lay_out.py
	cd build/layout && $(CURDIR)/$(BIN)/mypy
	cd build/layout && $(CURDIR)/$(BIN)/lint-imports --no-logo --no-cache pyproject.toml

check-javascript: $(READY)
ifeq ($(shell command -v npm 2>/dev/null),)
	@echo "npm is not installed: the JavaScript is left unchecked."
else
	$(BIN)/python tools/install_packages.py
	npm run --silent check
	npm run --silent format
endif

# Worksteal: a process that has no tests left takes half of another's, so that no processor waits at the end.
# One thread each: those of NumPy would wait for each other, and take processor time to do so.
# One process more than processors, up to 4: tests wait for their browsers half of the time.
PROCESSES := $(shell $(PYTHON) -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))')
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist worksteal

test: ready-to-test
	$(PYTEST) -m "not rare"

# Also the tests that need much time, or a host that few machines have.
test-all: ready-to-test site-tools
	$(PYTEST)

# All of this at once: one waits for the network, another for a disk, and checkers use one processor.
ready-to-test: $(READY)
	@$(MAKE) --no-print-directory --jobs 4 check-python check-javascript browser kernels

browser: $(READY)
	$(BIN)/python tools/install_browser.py

kernels: $(READY)
	$(BIN)/python tools/compile_kernels.py

docs: $(READY)
	$(BIN)/python tools/make_commands.py
	$(BIN)/python tools/make_api.py
	$(BIN)/python tools/install_packages.py
	node tools/make_javascript.js > docs/javascript.md

site-tools: $(READY)
	$(BIN)/python -c "import material" 2>/dev/null || $(BIN)/python -m pip install --quiet --editable ".[site]"

# The site, which any static host serves: python3 -m http.server -d build/site
site: site-tools
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet
	@echo "The site: $(CURDIR)/build/site"

# The npm package, for `npm install FILE` in a project. Publishes nothing.
npm: $(READY)
	$(BIN)/python tools/make_npm.py

# After each change of a shader.
templates: $(READY)
	$(BIN)/python tools/make_templates.py

# Everything that a release publishes, built from a clean clone into build/release and tried. Publishes nothing.
release-check: site-tools
	$(BIN)/python tools/release_check.py

clean:
	rm -rf .venv demo build dist *.egg-info
