# The commands of this project; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

export PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python
# Bytecode is kept: a task that has to compile what it imports takes seconds longer.
unexport PYTHONDONTWRITEBYTECODE
export GX_ANALYTICS_ENABLED := false
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

DATASET ?=
DATASETS ?=
DO ?=
EXIT ?=
PORT ?=
TIMEOUT ?=
Q ?=
FILE ?=
TESTS ?=
# Those of end_to_end start an Airflow each, which takes all the cores there are.
SIDE_BY_SIDE := tests/unit tests/dags tests/standins tests/pipeline tests/api tests/chaos
ONLY ?=
ROWS ?=
SEED ?= 1
SEEDS ?=
DAYS ?= 14
JOBS ?= 1
WITHOUT ?=
NAME ?=
SCOPES ?=

.PHONY: help
help: ## list the commands
	@echo "Usage: make <command> [NAME=value ...]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { gsub(/\$$\$$/, "$$", $$2); printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(READY) ## run everything: [DATASET=simulated|complete_journey|online_retail:PATH|DIR] [EXIT=1] [PORT=8080] [TIMEOUT=120]
	@exec $(RUN) -m local demo $(if $(DATASET),--dataset "$(DATASET)") $(if $(filter-out 0,$(EXIT)),--exit) \
		$(if $(PORT),--port "$(PORT)") $(if $(TIMEOUT),--timeout "$(TIMEOUT)")

.PHONY: down
down: $(READY) ## stop everything that runs and remove what it held (prepared data sets are kept)
	@exec $(RUN) -m local down --wipe

.PHONY: stop
stop: $(READY) ## stop everything that runs; `make demo` then goes on with what it held
	@exec $(RUN) -m local down

.PHONY: up
up: $(READY) ## start the stand-ins without Airflow: [DATASET=...]
	@exec $(RUN) -m local up $(if $(DATASET),--dataset "$(DATASET)")

.PHONY: status
status: $(READY) ## say what runs where, how far the data is, which alerts are open
	@exec $(RUN) -m local status

.PHONY: sql
sql: export STATEMENT := $(Q)
sql: $(READY) ## Snowflake SQL on the local warehouse: a prompt, or Q="select 1", or FILE=x.sql
	@if [ -n "$$STATEMENT" ]; then exec $(RUN) -m local sql "$$STATEMENT"; \
	else exec $(RUN) -m local sql $(if $(FILE),--file "$(FILE)"); fi

.PHONY: dbt
dbt: $(READY) ## a dbt command on the local warehouse: DO="build --select fct_orders"
	@exec $(RUN) -W ignore -m local dbt $(DO)

.PHONY: api
api: $(READY) ## serve the REST API on the running stack, or on AIRFLOW_CONN_WAREHOUSE_READER: [PORT=5000]
	@exec $(RUN) -W ignore -m local api serve $(if $(PORT),--port "$(PORT)")

.PHONY: api-key
api-key: $(READY) ## make a key of the REST API: NAME=dashboard [SCOPES="analytics:read customers:read pii"]
	@exec $(RUN) -W ignore -m local api keys create --name "$(or $(NAME),local)" \
		$(foreach scope,$(or $(SCOPES),analytics:read customers:read),--scope "$(scope)")

.PHONY: env
env: ## print the environment of the running Airflow: eval "$$(make -s env)", then `airflow ...` talks to it
	@cat "$${LOCAL_STATE:-.local}/airflow/environment.sh"

.PHONY: bootstrap
bootstrap: $(READY) ## create the pipeline's tables on the account of the Airflow connection `warehouse`
	@exec $(RUN) -m include.bootstrap

.PHONY: test
test: $(READY) ## all tests, the end-to-end ones too: [TESTS=tests/unit]
	@$(if $(TESTS),exec $(RUN) -m pytest $(TESTS),\
		$(RUN) -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile $(SIDE_BY_SIDE) && exec $(RUN) -m pytest tests/end_to_end)

.PHONY: bench
bench: $(READY) ## measure beside the alternatives: [ONLY=parse,extraction,build,affinity,daily_build,rfm,gate,api] [ROWS=2000000] [DATASET=...]
	@exec $(RUN) -W ignore -m local.benchmarks $(if $(ONLY),--only "$(ONLY)") $(if $(ROWS),--rows "$(ROWS)") \
		$(if $(DATASET),--dataset "$(DATASET)")

.PHONY: conformance
conformance: $(READY) ## compare with published and independent numbers: [DATASETS="cdnow simulated online_retail complete_journey"]
	@exec $(RUN) -W ignore -m tests.conformance $(DATASETS)

.PHONY: chaos
chaos: $(READY) ## break everything while days are loaded, compare with a quiet load: [SEED=1|SEEDS=1-20] [DAYS=14] [JOBS=1] [WITHOUT=...]
	@exec $(RUN) -W ignore -m tests.chaos $(or $(SEEDS),$(SEED)) --days "$(DAYS)" --jobs "$(JOBS)" \
		$(if $(WITHOUT),--without "$(WITHOUT)")

.PHONY: lint
lint: $(READY) ## ruff, mypy, sqlfluff
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/sqlfluff lint --processes 0 --disable-progress-bar include/dbt
	@$(VENV)/bin/sqlfluff lint --disable-progress-bar --templater placeholder include/sql

.PHONY: venv
venv: $(READY) ## make .venv from the pinned requirements: [PYTHON=python3.12]

$(READY): requirements.txt requirements-dev.txt
	@local/venv.sh $(VENV) requirements-dev.txt
	@touch $(READY)

.PHONY: clean
clean: ## remove .venv, .local and what tools have cached
	@if [ -x $(RUN) ]; then $(RUN) -m local down >/dev/null 2>&1 || true; fi
	rm -rf $(VENV) .local .mypy_cache .ruff_cache .pytest_cache .hypothesis include/dbt/target include/dbt/logs
