# make demo   install what LogLM needs to run, analyse the example logs and write an HTML report
# make test   install what the tests need, check the code and run the tests
# make lock   resolve the pinned versions in requirements/ again (needs uv)

.DEFAULT_GOAL := help
.PHONY: help demo test check lock clean
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

VENV := .venv
BIN := $(VENV)/bin
REPORT := loglm-report.html
LOCK_TOOL := uv pip compile pyproject.toml --quiet --universal --fork-strategy fewest --python-version 3.11 \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links
# Left out of the lock: what only a CUDA build of torch, or a system other than Linux and macOS, would ask for.
NOT_LOCKED := ^(nvidia-|cuda-|triton==|httpx2-jsfetch==|colorama==)

help:
	@sed -n 's/^# make/make/p' Makefile

demo: $(VENV)/base.stamp
	$(BIN)/loglm detect examples/logs --html $(REPORT) --force
	@echo "The report is $(CURDIR)/$(REPORT): open it in a browser."

test: check
	$(BIN)/pytest -n 2 --dist loadfile

check: $(VENV)/test.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/base.stamp: requirements/base.txt pyproject.toml | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/base.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# One call for all of it: torch is pinned beside what asks for it, so that pip looks for no other build.
$(VENV)/test.stamp: requirements/base.txt requirements/test.txt pyproject.toml | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/test.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/bin/pip:
	@python=""; \
	for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    python="$$candidate"; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "LogLM needs Python 3.11 or newer; none was found as python3 or python3.11 to python3.14." >&2; exit 1; \
	fi; \
	if ! "$$python" -m venv --clear $(VENV); then \
	  echo "$$python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi

lock:
	$(LOCK_TOOL) -o requirements/base.txt >/dev/null
	$(LOCK_TOOL) --extra train --extra ray --extra evaluate --group dev -c requirements/base.txt -o requirements/test.txt >/dev/null
	sed -i -E -e '/$(NOT_LOCKED)/d' -e "s/ ; sys_platform != 'emscripten'$$//" -e 's/^(torch==[0-9.]+)\+.*/\1/' \
	  requirements/base.txt requirements/test.txt

clean:
	rm -rf $(VENV) $(REPORT) dist build
