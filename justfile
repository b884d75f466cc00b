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

# Benchmarks of the training kernels and steps
bench-training *ARGS:
    cargo bench --locked --workspace --features ser/ndarray --bench training -- {{ARGS}}

# The training step against PyTorch and TensorFlow, in turn; the result goes into docs/benchmarks.md
bench-peers-training *ARGS:
    test -d target/peers-training || python3 -m venv target/peers-training
    target/peers-training/bin/pip install --quiet --requirement benches/peers/training-requirements.txt
    cargo bench --locked --workspace --features ser/ndarray --bench training_peer --no-run
    target/peers-training/bin/python benches/peers/training.py --doc docs/benchmarks.md {{ARGS}}

# Benchmarks of the feature functions, and of the whole stage on a generated corpus
bench-features *ARGS:
    cargo bench --locked --workspace --features ser/ndarray --bench features -- {{ARGS}}

# The features stage against librosa, in turn; the result goes into docs/benchmarks.md
bench-peers-features *ARGS:
    test -d target/peers-features || python3 -m venv target/peers-features
    target/peers-features/bin/pip install --quiet --requirement benches/peers/features-requirements.txt
    target/peers-features/bin/python benches/peers/features.py --doc docs/benchmarks.md {{ARGS}}

# Every benchmark
bench: bench-features bench-training

# Every comparison with other programs
bench-peers: bench-peers-features bench-peers-training
