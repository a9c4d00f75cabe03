# make lists the targets. Nothing need be installed first but Go, Node and make:
# each target makes what it uses.

.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
FUZZTIME ?= 10s
SEEDS    ?= 1000

# Tools are built from tools/go.mod once per version.
tool_version  = $(shell awk '$$1 == "$(1)" && NF > 1 { print $$2 }' tools/go.mod)
GOLANGCI_LINT := bin/golangci-lint-$(call tool_version,github.com/golangci/golangci-lint/v2)
GOFUMPT       := bin/gofumpt-$(call tool_version,mvdan.cc/gofumpt)

WEB_SOURCES := $(shell find packages web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

.PHONY: help run build web test check race fuzz sim bench bench-text bench-writers bench-presence replay fmt gen

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build and start a server for development, on http://127.0.0.1:8080
	./bin/tutti serve --dev

build: web ## build bin/tutti
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/tutti ./cmd/tutti

web: web/dist/index.html

test: web ## all tests: Go, TypeScript, and in a real browser
	go test ./...
	npm test
	scripts/e2e.sh

check: web $(GOLANGCI_LINT) $(GOFUMPT) ## format, vet, lint, race detector, types, generated files
	@unformatted=$$($(GOFUMPT) -l .); [ -z "$$unformatted" ] || { printf 'not formatted (make fmt):\n%s\n' "$$unformatted"; exit 1; }
	go vet ./...
	go test -count=1 ./internal/archtest
	$(GOLANGCI_LINT) run ./...
	npm run check
	scripts/gen-check.sh
	go test -race -short ./...

race: web ## Go tests under the race detector
	go test -race ./...

fuzz: ## every fuzz target for FUZZTIME (10s)
	scripts/fuzz.sh $(FUZZTIME)

sim: ## the simulation with SEEDS (1000) seeds
	go test -count=1 ./internal/sim -sim.seeds=$(SEEDS)

bench: build ## measure, beside a peer
	cd bench && go run . $(BENCHFLAGS)

bench-text: node_modules/.stamp ## measure text, beside its peers
	npm run build --workspace packages/text
	cd bench/text && npm ci --no-audit --no-fund
	cd bench && go build -o text/node_modules/.bench/ ./text/go
	cd bench/text && npm run --silent bench -- $(TEXTFLAGS)

bench-writers: build ## measure texts with many writers, beside their peers
	cd bench/writers && npm ci --no-audit --no-fund
	npx tsdown packages/text/src/log.ts --no-config --out-dir bench/writers/node_modules/.bench --format esm --no-dts --logLevel error
	cd bench/writers && npm run --silent bench -- $(WRITERSFLAGS)

bench-presence: ## measure presence, beside its peers
	cd bench/presence && npm ci --no-audit --no-fund
	cd bench/presence && go run . $(PRESENCEFLAGS)

replay: ## replay recorded texts: make replay FILES="…"
	go run ./text/replay $(FILES)

fmt: $(GOFUMPT) node_modules/.stamp ## format everything
	$(GOFUMPT) -w .
	npm run fmt

gen: web ## make the generated files anew
	go generate ./...
	for module in client fallback keep share share-worker text network banner optimistic; do sed '/^\/\/# sourceMappingURL=/d' packages/client/dist/$$module.js > internal/clientjs/$$module.js; done

node_modules/.stamp: package.json package-lock.json $(wildcard packages/*/package.json web/package.json conformance/package.json)
	npm ci --no-audit --no-fund
	touch $@

web/dist/index.html: node_modules/.stamp $(WEB_SOURCES)
	npm run build
	touch $@

$(GOLANGCI_LINT):
	go build -C tools -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(GOFUMPT):
	go build -C tools -o ../$@ mvdan.cc/gofumpt
