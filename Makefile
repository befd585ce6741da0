# `make demo`, `make test`, `make check`, `make docs`; each sets up .venv by itself, once.
#
# Needs make and any Python >= 3.11 with venv. The landmark model has no wheel for 3.13 yet, so an
# older one is preferred; PYTHON=... chooses another.

PYTHON ?= $(shell for python in python3.12 python3.11 python3.13 python3 python; do \
	$$python -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& command -v $$python && break; done)
BIN := .venv/bin
READY := .venv/.ready

# Folders of local wheels must not stand in for what requirements.lock pins.
unexport PIP_FIND_LINKS UV_FIND_LINKS PIP_NO_INDEX UV_NO_INDEX PYTHONPATH PYTHONHOME VIRTUAL_ENV
export UV_SYSTEM_CERTS ?= 1
export UV_HTTP_TIMEOUT ?= 300

.PHONY: demo test check docs lock help
help:
	@echo 'make demo [PHOTO=face.jpg] [OUT=demo]   a photo with every expression'
	@echo 'make test    lint, types, layers, tests with coverage'
	@echo 'make check   the same without the tests'
	@echo 'make docs    the documentation as a site, in site/'
	@echo 'make lock    renew requirements.lock'

OUT ?= demo
demo: $(READY)
	$(BIN)/ecgan demo --out '$(OUT)' $(if $(PHOTO),--photo '$(PHOTO)')

test: check
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered --cov-fail-under=90

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

# uv comes first, from the same hashed list; --no-build-isolation takes hatchling from it too.
$(READY): requirements.lock pyproject.toml
	@test -n '$(PYTHON)' || { echo 'make: needs Python >= 3.11 with venv; give PYTHON=...' >&2; exit 1; }
	$(BIN)/python -m pip --version >/dev/null 2>&1 || '$(PYTHON)' -m venv --clear .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

# The list has hashes but no addresses; uv.lock, which has them, is not kept.
lock: $(READY)
	rm -f uv.lock
	$(BIN)/uv lock --python $(BIN)/python
	{ echo '# Made by `make lock` from pyproject.toml: every package pinned by hash.'; \
	$(BIN)/uv export --frozen --no-emit-project --no-annotate --no-header --format requirements-txt; \
	} > requirements.lock.part
	mv requirements.lock.part requirements.lock
	rm -f uv.lock
