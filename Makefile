# The chores of this checkout; they need make and Python 3.11 or newer, and keep to .venv, build and dist.

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint bless bench wheel clean

# A virtual environment that is as pyproject.toml wants it.
venv := .venv/installed
example := overlays/xnat-aws/cases/plain

help: ## list these chores
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' Makefile

venv: $(venv) ## install postrender and its tools into .venv

demo: $(venv) ## what the overlay xnat-aws changes in a rendered XNAT
	@mkdir -p build
	.venv/bin/postrender diff --overlay xnat-aws --values $(example)/values.yaml < $(example)/input.yaml
	@.venv/bin/postrender apply --overlay xnat-aws --values $(example)/values.yaml < $(example)/input.yaml > build/xnat-aws.yaml
	@echo
	@echo "The manifests as they were: $(example)/input.yaml"
	@echo "The patched manifests:      build/xnat-aws.yaml"

test: $(venv) ## all tests; `make test ARGS="-k helm"` for some of them
	.venv/bin/python -m pytest $(ARGS)

lint: $(venv) ## style and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bless: $(venv) ## rewrite the expected files; the review is the diff
	.venv/bin/postrender test --update
	.venv/bin/python -m tests.peers.kustomize
	.venv/bin/python scripts/snippets.py
	.venv/bin/python scripts/tutorial.py
	.venv/bin/python scripts/library_page.py

bench: $(venv) ## time and memory, beside kustomize and yq (KUSTOMIZE and YQ name them)
	.venv/bin/python -m bench.run

wheel: $(venv) ## build the wheel into dist
	rm -rf dist
	.venv/bin/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## remove all that these chores make
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# `make PYTHON=…` names another interpreter than the first that is new enough.
new_enough := -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
$(venv): pyproject.toml
	@.venv/bin/python $(new_enough) || { \
		for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
			"$$python" $(new_enough) && break; \
			python=; \
		done; \
		test -n "$$python" || { echo 'postrender needs Python 3.11 or newer, and none is on PATH' >&2; exit 1; }; \
		"$$python" -m venv --clear .venv; \
	}
	.venv/bin/python -m pip install --quiet 'pip>=25.1' # the first that knows --group
	.venv/bin/python -m pip install --quiet --editable . --group dev
	@touch $@
