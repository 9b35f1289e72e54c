.DEFAULT_GOAL := help
.PHONY: help test lab lint bench bench-peers fuzz fmt vet tidy-check

FUZZTIME ?= 60s
# The most files of the root package that may use each other in a circle.
CIRCLE ?= 13
# The files of the loops, all but worker_run.go and worker_parts.go: they get what they
# need, neither a run nor a Worker.
LOOPS = command.go,heartbeat.go,intermediate.go,maintenance*.go,scheduler.go,skew.go,webhook_sender.go,worker_[^pr]*.go,worker_pe*.go,worker_re*.go,worker_running.go

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r target text; do printf '%-12s%s\n' "$$target" "$$text"; done

test: ## set up the lab and run every test against real Redis and real RQ; nothing may be skipped
	@scripts/test

lab: ## install the servers and the RQ versions that the tests use
	@scripts/lab

lint: ## run golangci-lint (the first run builds it), and check which files use each other
	@"$$(scripts/lab lint)" run ./...
	@go run ./scripts/filegraph -max $(CIRCLE) -loops '$(LOOPS)'

bench: ## run the benchmarks
	@set -a && . "$$(scripts/lab)" && go test -run '^$$' -bench . -benchmem ./...

bench-peers: ## compare with Python RQ and asynq, side by side on one server
	@set -a && . "$$(scripts/lab)" && cd benchmarks && go run . $(BENCHFLAGS)

fuzz: ## run every fuzz target for FUZZTIME (default 60s)
	@FUZZTIME=$(FUZZTIME) scripts/fuzz

fmt: ## format the code
	@gofmt -w .

vet: ## run go vet, on the benchmarks too
	@go vet ./...
	@cd benchmarks && go vet ./...

tidy-check: ## fail if go.mod or go.sum is not tidy
	@go mod tidy -diff
