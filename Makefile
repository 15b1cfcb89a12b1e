# Two commands are enough: `make demo` and `make test`. Both set up all they need from uv.lock on a
# machine that has python3 (3.11 to 3.13), make and a package registry; run twice they do no harm.
SHELL := /bin/sh
PYTHON ?= python3
SCORING_HOME ?= .scoring
UV_VERSION := 0.13.8
# A uv on the PATH is used; without one, a private copy is put into .uv/ (nothing outside this folder changes).
UV ?= $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)

export UV_PYTHON_DOWNLOADS := never
export UV_COMPILE_BYTECODE := 1
export PYTHONUTF8 := 1

.PHONY: help setup demo test test-long lint clean

help:
	@echo "make demo    set up, try it on a world of invented companies (home: $(SCORING_HOME))"
	@echo "make test    set up, run the tests"
	@echo "make test-long   killed runs, full disks, days in any order, generated histories"
	@echo "                 (KILLS=30 HISTORIES=100 for more)"
	@echo "make setup   only set up: .venv from uv.lock"
	@echo "make lint    check the style"
	@echo "make clean   remove .venv and .uv (not the home)"

setup: .venv/.complete

.venv/.complete: uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "error: $(PYTHON) is Python %d.%d; 3.11, 3.12 or 3.13 is needed. Name one: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@if [ "$(UV)" = ".uv/bin/uv" ] && [ ! -x .uv/bin/uv ]; then \
	  echo "setting up: uv $(UV_VERSION) into .uv/"; rm -rf .uv; \
	  $(PYTHON) -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) \
	  || { rm -rf .uv; echo "error: could not set up uv with '$(PYTHON) -m venv'. Debian and Ubuntu keep it in the package python3-venv; or install uv yourself and run make again." >&2; exit 1; }; \
	fi
	@echo "setting up: libraries from uv.lock into .venv/"
	@$(UV) sync --frozen --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
	@.venv/bin/python -m compileall -q dagster_project expectations models
	@touch $@

demo: setup
	@SCORING_HOME="$(SCORING_HOME)" .venv/bin/scoring demo

test: setup
	@.venv/bin/python -m pytest -n 2 --dist loadfile -m "not long"

test-long: setup
	@KILLS=$(or $(KILLS),3) HISTORIES=$(or $(HISTORIES),5) .venv/bin/python -m pytest -m long

lint: setup
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .

clean:
	rm -rf .venv .uv
