# What a developer and CI run. `make help` lists the targets by the comment behind each.

UV ?= uv
RUN := $(UV) run --quiet
SQL_FILES = $(shell git ls-files '*.sql')
TEMPLATES = $(shell git ls-files '*.html')

.DEFAULT_GOAL := help
.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

.PHONY: up
up: ## start everything on this machine: database, broker, web, workers, PSP simulator
	$(RUN) manage.py up

.PHONY: demo
demo: ## sell over real HTTP with faults, then prove the books
	$(RUN) manage.py demo

.PHONY: verify
verify: ## check every invariant of the running system
	$(RUN) manage.py verify

.PHONY: test
test: ## the whole test suite, on the embedded servers
	$(RUN) pytest

.PHONY: client
client: ## write the typed Python client of the API to build/tally_client
	@mkdir -p build
	$(RUN) manage.py spectacular --file build/openapi.yaml
	$(RUN) openapi-python-client generate --path build/openapi.yaml --output-path build/tally_client --meta none --overwrite

.PHONY: attack-ledger
attack-ledger: ## random work and storms against the ledger for half an hour; prints its seeds
	TALLY_ATTACK=ledger $(RUN) pytest -s tests/ledger/test_stateful.py tests/ledger/test_storm.py tests/ledger/test_guards.py

.PHONY: attack-payments
attack-payments: ## tell of payments in hundreds of orders, with repetitions: are the books the same?
	TALLY_ATTACK=payments $(RUN) pytest $(shell grep -lR --include='test_*.py' 'campaigns import.*PAYMENTS' tests)

.PHONY: attack-processes
attack-processes: ## start whole services, kill, stop and restore them in every way, and use every page; ten minutes
	TALLY_ATTACK=processes $(RUN) pytest -n 2 tests/browser tests/flows tests/config/test_health.py \
		$(shell grep -lR --include='test_*.py' 'campaigns import.*PROCESSES' tests)

.PHONY: attack-changefeed
attack-changefeed: ## kill the change feed a thousand times at each sink while writers write; prints its seeds
	TALLY_ATTACK=changefeed $(RUN) pytest -s tests/exactly_once/changefeed/test_deaths.py

.PHONY: attack-api
attack-api: ## have schemathesis attack a running service along its OpenAPI description; prints its seed; half an hour
	$(RUN) python -m tests.fuzz --all

.PHONY: chaos
chaos: ## sell for a minute while processes, database, broker and network fail; then compare all records
	$(RUN) manage.py chaos

.PHONY: mutation-gate
mutation-gate: ## take away each guard of the database in turn: does the suite notice? ten minutes
	$(RUN) python scripts/mutation_gate.py

.PHONY: crash-points
crash-points: ## kill a process at every statement, commit, PSP call and message of each scenario; is the end the same?
	TALLY_ATTACK=crash $(RUN) pytest -n 0 -s tests/crash/test_crash_points.py

.PHONY: coverage
coverage: ## the test suite with branch coverage; the pages land in htmlcov/
	$(RUN) pytest --cov --cov-report=term:skip-covered --cov-report=html

.PHONY: format
format: ## put Python and SQL into the house's form
	$(RUN) ruff check --fix-only --quiet .
	$(RUN) ruff format .
	$(if $(SQL_FILES),$(RUN) sqlfluff fix --quiet $(SQL_FILES))

.PHONY: lock
lock: ## pin all that the direct pins of pyproject.toml need, refresh requirements.txt
	$(UV) run --no-project scripts/lock.py

.PHONY: pin-images
pin-images: ## pin the container images by the digests that Docker tells; needs Docker and the images' registry
	$(UV) run --no-project scripts/pin_images.py

CHECKS := style types imports sql templates spelling dependencies migrations pages deploy audit

.PHONY: check
check: $(CHECKS:%=check-%) ## every check but the tests (each alone: make check-style, ...)
	@echo "make check: all passed"

.PHONY: $(CHECKS:%=check-%)
check-style:
	$(RUN) ruff check .
	$(RUN) ruff format --check .

check-types:
	$(RUN) mypy .

check-imports:
	$(RUN) lint-imports --no-logo

check-sql:
	$(if $(SQL_FILES),$(RUN) sqlfluff lint $(SQL_FILES))
	$(if $(SQL_FILES),$(RUN) squawk $(SQL_FILES))

check-templates:
	$(if $(TEMPLATES),$(RUN) djlint --lint --quiet $(TEMPLATES))

check-spelling:
	git ls-files -z | xargs -0 $(RUN) codespell

check-dependencies:
	$(RUN) deptry .

check-migrations:
	$(RUN) manage.py makemigrations --check --dry-run
	$(RUN) scripts/squawk_migrations.py

check-pages:
	$(RUN) manage.py state_machines --check
	$(RUN) manage.py money_flows --check

# Production's own rules, met by secrets that exist for this one command.
check-deploy:
	@echo "manage.py check --deploy"
	@secret=$$(head -c 64 /dev/urandom | base64 | tr -d '+/=\n') && \
	TALLY_ENVIRONMENT=production DEBUG=off SECRET_KEY=$$secret ALLOWED_HOSTS=shop.example EMAIL_HOST=mail.example \
	DATABASE_URL=postgresql://tally_web@db.example/tally CELERY_BROKER_URL=redis://broker.example \
	STRIPE_API_KEY=sk_live_$$secret STRIPE_WEBHOOK_SECRET=whsec_$$secret \
	$(RUN) manage.py check --deploy --fail-level WARNING

check-audit:
	$(RUN) scripts/audit.py
