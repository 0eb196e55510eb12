# The only command surface. `make help` lists it.
#
#   make test-unit T=plan      only test files whose path matches
#   LIBVIRT_DEFAULT_URI=…      use this libvirt; no private host is made

NODE ?= node
HOST ?= dev

.DEFAULT_GOAL := help
.PHONY: help setup build generate schema sdk release test test-unit test-live test-engine demo dev bench lint format host-up host-down clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing: system and npm packages, the Pulumi CLI, the SDK generator, the test guest
	@$(NODE) tools/setup.mjs

build: ## bundle the plugin into bin/ and compile the SDK
	@$(NODE) tools/setup.mjs --only-npm
	@$(NODE) tools/build.mjs

generate: ## write schema.json, the SDKs and the generated pages of docs/ from the contracts
	@$(NODE) tools/setup.mjs --only-npm
	@$(NODE) tools/generate.mjs

schema: ## of these, write schema.json only
	@$(NODE) tools/setup.mjs --only-npm
	@$(NODE) tools/generate.mjs schema.json

sdk: ## of these, write the SDKs only, from the contracts as they are
	@$(NODE) tools/setup.mjs --only-npm
	@$(NODE) tools/generate.mjs sdk

release: ## build everything that a release publishes into dist/ (publishes nothing; see --help of tools/release.mjs)
	@$(NODE) tools/release.mjs

test: ## set up, build, check and test everything; what CI runs
	@$(NODE) tools/test.mjs

test-unit: ## tests that need nothing (T=path-pattern)
	@T="$(T)" $(NODE) tools/test.mjs unit

test-live: ## tests on a private libvirt host (T=path-pattern)
	@T="$(T)" $(NODE) tools/test.mjs live

test-engine: ## tests through the Pulumi engine (T=path-pattern)
	@T="$(T)" $(NODE) tools/test.mjs engine

demo: ## watch virtual machines on storage without O_DIRECT come up by `pulumi up`
	@$(NODE) tools/demo.mjs

dev: ## an example on a private libvirt host, with the plugin as it is now, until Ctrl-C (EX=single-vm)
	@$(NODE) tools/dev.mjs $(EX)

bench: ## run the benchmarks on a private libvirt host (T=name)
	@T="$(T)" $(NODE) tools/bench.mjs

lint: ## typecheck, lint and format checks
	@$(NODE) tools/test.mjs checks

format: ## format all files
	@node_modules/.bin/prettier --write --log-level=warn .

host-up: ## make a private libvirt host to play with (HOST=name)
	@$(NODE) tools/lab/host.mjs up $(HOST)

host-down: ## remove it (HOST=name)
	@$(NODE) tools/lab/host.mjs down $(HOST)

clean: ## remove what was built; the cache outside the checkout stays
	rm -rf bin dist coverage sdk/nodejs/bin node-libvirt/dist provider/dist
