# Where the corpora are: a folder with crema_d/, ravdess/, savee/, tess/, as many of them as there are.
export SER_DATA := env("SER_DATA", "data")

# List the recipes
default:
    @just --list

# The whole pipeline on the corpora in $SER_DATA (default: data); on synthetic speech where there are none
all *ARGS:
    cargo run --release --locked -- run --demo demo {{ARGS}}

# Every test
test *ARGS:
    cargo test --release --locked --workspace --features ser/ndarray {{ARGS}}

# Formatting and lints, warnings denied
lint:
    cargo fmt --all --check
    cargo clippy --release --locked --workspace --all-targets --features ser/ndarray -- -D warnings

# Everything that must hold before a change is shared
check: lint test

# Generated files: the JSON Schema of pipeline.toml and the reference of all tables
generate:
    cargo run --release --locked -- schema > docs/pipeline.schema.json
    cargo run --release --locked -- tables > docs/tables.md

# Measures features against librosa, both sides in turn; results go to docs/benchmarks.md
bench-peers *ARGS:
    python3 -m venv target/peers
    target/peers/bin/pip install --quiet --requirement benches/peers/requirements.txt
    target/peers/bin/python benches/peers/features.py --markdown docs/benchmarks.md {{ARGS}}
