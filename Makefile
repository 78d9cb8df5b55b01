# Everything a developer and CI run. `make help` lists the targets from the comments behind them.

UV ?= uv
RUN := $(UV) run --quiet
SQL_FILES = $(shell git ls-files '*.sql')
TEMPLATES = $(shell git ls-files '*.html')

.DEFAULT_GOAL := help
.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

.PHONY: test
test: ## the whole test suite, on the embedded servers
	$(RUN) pytest

.PHONY: format
format: ## put Python and SQL into the house's form
	$(RUN) ruff check --fix-only --quiet .
	$(RUN) ruff format .
	$(if $(SQL_FILES),$(RUN) sqlfluff fix --quiet $(SQL_FILES))

.PHONY: check
check: check-style check-types check-imports check-sql ## every check but the tests

.PHONY: check-style
check-style:
	$(RUN) ruff check .
	$(RUN) ruff format --check .

.PHONY: check-types
check-types:
	$(RUN) mypy .

.PHONY: check-imports
check-imports:
	$(RUN) lint-imports

.PHONY: check-sql
check-sql:
	$(if $(SQL_FILES),$(RUN) sqlfluff lint $(SQL_FILES))
	$(if $(SQL_FILES),$(RUN) squawk $(SQL_FILES))
