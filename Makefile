# `make demo` shows the whole product, `make test` proves it; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

UV_VERSION := 0.13.9
BIN := .venv/bin
STAMP := .venv/.synced
TOOLS := .venv/.synced-tools
export DO_NOT_TRACK := 1
export MLFLOW_DISABLE_TELEMETRY := true
export BENTOML_DO_NOT_TRACK := True

.PHONY: help setup tools check test demo crossfire year bench bench-deliveries bench-drift bench-model bench-pipeline bench-planning bench-promotion soak stubs format

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

setup: $(STAMP) ## create .venv from uv.lock
	@$(BIN)/python -c 'import ctypes, sys; sys.platform == "linux" and ctypes.CDLL("libgomp.so.1")' 2>/dev/null || \
	  { echo "libgomp.so.1 is needed by LightGBM and cannot be loaded: install it," \
	  "with apt-get install libgomp1 (Debian, Ubuntu) or dnf install libgomp (Fedora)"; exit 1; }

# uv comes from PyPI into the environment it then fills, so that a fresh machine needs only Python and make.
$(STAMP): uv.lock pyproject.toml
	@command -v python3 >/dev/null || { echo "python3 (3.11 to 3.13) is needed and was not found"; exit 1; }
	@python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Python 3.11 to 3.13 is needed, python3 is $$(python3 --version)"; exit 1; }
	@test -x $(BIN)/uv || { echo "setup: installing uv $(UV_VERSION) into .venv"; \
	  python3 -m venv .venv && $(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@echo "setup: installing the locked packages into .venv"
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv sync --frozen --extra pipeline --extra bento --extra planner --extra tracing --no-dev --inexact --active
	@touch $@

tools: setup $(TOOLS) ## and what only checks, tests and benchmarks need

$(TOOLS): $(STAMP)
	@echo "setup: installing what checks and tests need into .venv"
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv sync --frozen --all-extras --no-extra evidently --inexact --active
	@touch $@

check: tools ## format, lint, types, import directions, protos, stubs, Dockerfiles, compose file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	protos/check.sh

demo: setup ## files in, ranked list of products at risk out (OLIST_DIR=... for the real Olist files; SERVE=1 for the page)
	@$(BIN)/python -m orchestration.demo $(if $(OLIST_DIR),--olist-dir $(OLIST_DIR) --work-dir work/olist) $(if $(SERVE),--serve)

test: tools ## run all tests; gets Chromium where there is none
	@$(BIN)/python -m tests.support.chromium
	@# more workers than most machines have cores, since some tests wait; the long modules come first as they stand
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

crossfire: tools ## runs that are killed amid others, for MINUTES=10: what is published is always whole
	STOCKOUT_CROSSFIRE_MINUTES=$(or $(MINUTES),10) $(BIN)/pytest --log-cli-level=INFO -k long_time tests/pipeline/test_crossfire.py

# In a mount namespace of its own, where the machine allows one, so that a disk can be full.
year: tools ## 52 weeks of a market (WEEKS=26: fewer) through the real processes, with all that goes wrong in a year
	STOCKOUT_YEAR_WEEKS=$(or $(WEEKS),52) $$(unshare --user --map-root-user --mount true 2>&- && \
	  echo unshare --user --map-root-user --mount) $(BIN)/pytest --log-cli-level=INFO tests/e2e/test_a_year.py

bench: tools ## the service against an echo and other servers, streams, workers, the planner's page: medians, ratios
	$(BIN)/python -m benchmarks.rpc
	$(BIN)/python -m benchmarks.streams
	$(BIN)/python -m benchmarks.workers
	$(BIN)/python -m benchmarks.what_if
	$(BIN)/python -m benchmarks.peers
	$(BIN)/python -m benchmarks.history
	$(BIN)/python -m benchmarks.planner

bench-model: tools ## the models beside every rule on the real data, with the targets they are held to
	$(BIN)/python -m benchmarks.model
	$(BIN)/python -m benchmarks.days_of_run_out

bench-planning: tools ## what weekly orders would have cost on real histories, by policy
	$(BIN)/python -m benchmarks.planning

bench-deliveries: tools ## what knowing the orders on their way is worth, with the stores' receipts in their place
	$(BIN)/python -m benchmarks.deliveries

bench-promotion: tools ## frozen, refreshed and always newest models, replayed week by week; what went wrong is refused
	$(BIN)/python -m benchmarks.promotion

bench-pipeline: tools ## features beside pandas, Polars, DuckDB and mlforecast; each stage's cost, Spark's too; SIZES="1 10 100" for more
	$(BIN)/python -m benchmarks.engines.contest $(if $(OLIST_DIR),--olist-dir $(OLIST_DIR))
	$(BIN)/python -m benchmarks.pipeline $(if $(SIZES),--sizes $(SIZES))
	$(BIN)/python -m benchmarks.spark $(if $(SIZES),--sizes $(SIZES))

bench-drift: tools ## the alarm for drift beside Evidently, which it installs: false alarms a year, weeks until a change is named
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv sync --frozen --extra pipeline --extra evidently --inexact --active
	$(BIN)/python -m benchmarks.drift

soak: tools ## two minutes at 80 % of the service's capacity, then 10,000 calls of each kind: no error, flat memory
	$(BIN)/python -m benchmarks.soak
	STOCKOUT_MEMORY_CALLS=10000 $(BIN)/pytest --log-cli-level=INFO tests/e2e/test_grpc_memory.py

format: tools ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

stubs: tools ## write the Python stubs of the protos again
	protos/generate.sh
