# run    builds, fills an empty ./data with the demo community, serves it on loopback
# build  target/release/plaudit
# test   everything that must pass
# check  format, lints, docs, licences, the printed schema
# lint-schema  the schema's rules, and what breaks apps since the last version; it takes npm
# bless  accept what the tests print: schema.graphql and snapshots
# bench  rates and their ratios to floors, in one run
# endure an hour of members who read, write and follow, at a steady pace
# fuzz   ten minutes of requests that no app would send

.PHONY: run build test check lint-schema bless bench endure fuzz graphiql

run: graphiql
	cargo run --release --package plaudit-server -- serve --dev --demo

build: graphiql
	cargo build --release --package plaudit-server

test:
	cargo test --workspace

check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --workspace --no-deps --document-private-items
	cargo deny --log-level error check bans licenses sources

lint-schema:
	.ci/schema/check.sh

bless:
	cargo run --quiet --package plaudit-server -- schema > schema.graphql
	INSTA_UPDATE=always cargo test --package plaudit-api

bench:
	cargo bench --package plaudit-journal --bench append
	cargo bench --package plaudit-journal --bench postgres
	cargo bench --package plaudit-replay --bench rebuild
	cargo bench --package plaudit-replay --bench postgres
	cargo bench --package plaudit-exchange --bench export
	cargo bench --package plaudit-server --bench serve
	cargo bench --package plaudit-server --bench pages
	cargo bench --package plaudit-server --bench defects
	cargo bench --package plaudit-server --bench subscribers
	cargo bench --package plaudit-server --bench watching
	cargo bench --package plaudit-api --bench renewing

endure:
	cargo bench --package plaudit-server --bench endurance

fuzz:
	cargo bench --package plaudit-server --bench fuzz

# GraphiQL isn't committed. Where npm is, it comes by its lock file; without it / tells how to get it.
graphiql:
	@if [ -e crates/server/assets/graphiql.html.gz ]; then :; \
	elif command -v npm >/dev/null 2>&1 && cd crates/server/graphiql && npm ci --silent --no-audit --no-fund && npm run --silent build; then :; \
	else echo "GraphiQL is left out: it takes npm and its registry. Everything else works."; fi
