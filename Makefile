# make run     everything on this machine: site, worker, schedule, bot. Ctrl-C stops it.
# make test    the whole test suite.
# make docs    the documentation as a site in var/docs-site, readable without a network.
# Settings by environment: PORT, HOST, DEMO (0 = no demo data), PYTHON.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)
BIN := .venv/bin
DEMO ?= 1
export DEMO
ifdef PORT
export PORT
endif
ifdef HOST
export HOST
endif
ARGS ?=

.PHONY: help run run-postgres test lint types check load faults-bot faults-reminders faults-forged faults-races faults-leader faults-jobs faults-delivery faults-imports faults-rollups faults-alerts faults-api fuzz-api fuzz-inputs faults-dispatchers faults-ssrf faults-webhooks faults-keys faults-secrets faults-backups faults-stop faults-database faults-upgrades faults-rolling drill-restore docs er licences messages lock product ports tests python clean-demo

help:
	@sed -n 's/^# \(make.*\)/\1/p' Makefile
	@echo "also: run-postgres lint types check load faults-bot faults-reminders faults-forged faults-races faults-leader faults-jobs faults-delivery faults-imports faults-rollups faults-alerts faults-api fuzz-api fuzz-inputs faults-dispatchers faults-ssrf faults-webhooks faults-keys faults-secrets faults-backups faults-stop faults-database faults-upgrades faults-rolling drill-restore bench-P1 bench-P2 bench-P3 bench-P5 bench-P7 bench-P9 bench-O1 er licences messages lock"

python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer is needed and was not found on the PATH."; \
		echo "Cure (Debian, Ubuntu): apt-get install python3 python3-venv, or: make run PYTHON=/path/to/python3"; \
		exit 1; fi

product: python
	@$(PYTHON) deploy/bootstrap.py product --env-file

tests: python
	@$(PYTHON) deploy/bootstrap.py tests

ports: python
	@$(PYTHON) deploy/bootstrap.py product --ports --env-file

run: ports
	@exec $(BIN)/python -m workshop.supervisor

# On PostgreSQL: DATABASE_URL when it is set, else a server of our own in var/postgres.
run-postgres: ports
	@exec $(BIN)/python -m workshop.local_services $(BIN)/python -m workshop.supervisor

test: tests
	@$(BIN)/python -m tests.run $(ARGS)

lint: tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: tests
	@$(BIN)/mypy

check: lint types test

faults-bot: tests
	@$(BIN)/python -m tests.faults.bot $(ARGS)

faults-reminders: tests
	@$(BIN)/python -m tests.faults.reminders $(ARGS)

faults-forged: tests
	@$(BIN)/python -m tests.faults.forged $(ARGS)

faults-races: tests
	@$(BIN)/python -m tests.faults.races $(ARGS)

faults-leader: tests
	@$(BIN)/python -m tests.faults.leader $(ARGS)

faults-ssrf: tests
	@$(BIN)/python -m tests.faults.ssrf $(ARGS)

faults-jobs: tests
	@$(BIN)/python -m tests.faults.jobs $(ARGS)

faults-delivery: tests
	@$(BIN)/python -m tests.faults.delivery $(ARGS)

faults-webhooks: tests
	@$(BIN)/python -m tests.faults.webhooks $(ARGS)

faults-backups: tests
	@$(BIN)/python -m tests.faults.backups $(ARGS)

faults-stop: tests
	@$(BIN)/python -m tests.faults.stopping $(ARGS)

faults-database: tests
	@$(BIN)/python -m tests.faults.database $(ARGS)

faults-upgrades: tests
	@$(BIN)/python -m tests.upgrades.program $(ARGS)

faults-rolling: tests
	@$(BIN)/python -m tests.faults.rolling $(ARGS)

drill-restore: tests
	@$(BIN)/python -m tests.faults.restore_drill $(ARGS)

faults-keys: tests
	@$(BIN)/python -m tests.faults.keys $(ARGS)

faults-secrets: tests
	@$(BIN)/python -m tests.faults.secrets $(ARGS)

faults-imports: tests
	@$(BIN)/python -m tests.faults.imports $(ARGS)

faults-rollups: tests
	@$(BIN)/python -m tests.faults.rollups $(ARGS)

faults-alerts: tests
	@$(BIN)/python -m tests.faults.alerts $(ARGS)

faults-api: tests
	@$(BIN)/python -m tests.faults.api $(ARGS)

fuzz-api: tests
	@$(BIN)/python -m tests.fuzz.api $(ARGS)

faults-dispatchers: tests
	@$(BIN)/python -m tests.faults.dispatchers $(ARGS)

fuzz-inputs: tests
	@$(BIN)/python -m tests.fuzz.inputs $(ARGS)

# A goal of speed, by its number: `make bench-P2`. One JSON object, 0 when the goal is met.
bench-P%: tests
	@$(BIN)/python -m benchmarks.p$* $(ARGS)

# Office, API and bot under load; ARGS="--minutes 5". One JSON object, the table on stderr.
load: tests
	@$(BIN)/python -m benchmarks.load $(ARGS)

# The same for what watching costs: `make bench-O1`.
bench-O%: tests
	@$(BIN)/python -m benchmarks.o$* $(ARGS)

# Brings new texts into the catalogues and merges locale/fragments; fails on one without translation.
messages: tests
	@$(BIN)/python -m workshop.catalogues

docs: tests
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# The diagrams of docs/er.md from the models; the table of docs/licences.md from the packages.
er: tests
	@$(BIN)/python -m tests.docs.er

licences: tests
	@$(BIN)/python -m tests.docs.licences

lock: tests
	@for name in requirements requirements-dev; do \
		$(BIN)/uv pip compile $$name.txt --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --no-annotate --no-header -q \
			-o $$name.lock $(ARGS) || exit 1; done
