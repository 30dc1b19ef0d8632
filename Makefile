# Each target is a line or two into cargo; whoever has no make can run those.

CARGO ?= cargo

.DEFAULT_GOAL := help
.PHONY: help cc setup demo serve test presets check lint fuzz bench bench-dna simulate dist bench-peers storm failover

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Cargo links with cc, so this has to be there before anything written in Rust.
cc:
	@sh xtask/ensure-cc.sh

setup: cc ## install what is missing for everything below (FFmpeg, a newer one beside it for tests, PostgreSQL, nginx, SRT tools, SDKs in .venv)
	$(CARGO) xtask setup test

demo: cc ## set up, build, and take a real clip through the whole service in a minute or so
	$(CARGO) xtask setup demo
	$(CARGO) run --release --locked --package reelgate -- demo

serve: cc ## set up, build, and start the server with its data in ./reelgate-data
	$(CARGO) xtask setup demo
	$(CARGO) run --release --locked --package reelgate -- serve --data ./reelgate-data

# The slow tests wait for processes and leases most of the time, so more of them run at once than there are processors.
TEST_THREADS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))
test: cc ## set up and run every test, those with the vendor's own SDKs included
	$(CARGO) xtask setup test
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --workspace --no-fail-fast
	$(CARGO) xtask test-sdk
	$(CARGO) xtask test-deploy
	$(CARGO) xtask test-cluster
	$(CARGO) xtask test-live

presets: cc ## judge every preset on every clip by the strict check, for a quarter of an hour; `make test` judges one of each family
	$(CARGO) xtask setup test
	$(CARGO) test --package reelgate --test presets -- --include-ignored

lint: cc ## formatting, lints and tidy
	$(CARGO) fmt --all --check
	$(CARGO) xtask tidy
	$(CARGO) clippy --workspace --all-targets -- -D warnings

check: lint ## the same and the fast tests: run it before each push
	$(CARGO) xtask setup test
	$(CARGO) test --workspace --lib --bins

FUZZ_SECONDS ?= 30
fuzz: cc ## set up and run each fuzz target for 30 s, or FUZZ_SECONDS=N
	$(CARGO) xtask fuzz --seconds $(FUZZ_SECONDS)

bench: cc ## set up, build for release and print figures
	$(CARGO) xtask setup bench
	$(CARGO) build --release --locked --package reelgate
	$(CARGO) run --release --locked --package reelgate-bench

CLIPS ?=
bench-dna: cc ## print recall, precision, speed and size of fingerprints, on further folders of clips too with CLIPS="DIR..."
	$(CARGO) xtask setup bench
	$(CARGO) bench --locked --package reelgate-dna --bench suite -- $(foreach dir,$(CLIPS),--clips $(dir))

SEEDS ?= 2000
simulate: cc ## run SEEDS=2000 simulations of several nodes in trouble; SEED=N tells all of one, MUTANTS=1 takes rules away
	$(CARGO) run --release --locked --package reelgate-simulate -- $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))$(if $(MUTANT), --mutant $(MUTANT))$(if $(MUTANTS), --mutants)

STORM_SECONDS ?= 300
storm: cc ## kill nodes, database and connections under load for 300 s, or STORM_SECONDS=N; STORM_SEED=N for another storm
	REELGATE_STORM_SECONDS=$(STORM_SECONDS) REELGATE_STORM_SEED=$(or $(STORM_SEED),1) $(CARGO) xtask test-cluster -s -n 0 test_many_nodes.py test_one_node.py

failover: cc ## kill the leader of two replicated databases under load, five times by hand and five by Patroni
	$(CARGO) xtask setup failover
	$(CARGO) xtask test-cluster -s -n 0 -m failover

dist: cc ## build for release and pack a tar archive and a Debian package into target/dist
	$(CARGO) xtask dist

bench-peers: cc ## set up other job queues at pinned versions, build for release and print figures beside theirs
	$(CARGO) xtask setup peers
	$(CARGO) run --release --locked --package reelgate-bench -- --only peers
