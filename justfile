# Where the corpora are: a folder with crema_d/, ravdess/, savee/, tess/, as many of them as there are.
export SER_DATA := env("SER_DATA", "data")

# List the recipes
default:
    @just --list

# The whole pipeline on the corpora in $SER_DATA (default: data); on synthetic speech where there are none
all *ARGS:
    cargo run --release --locked -- run --demo demo {{ARGS}}

# Every network beside baselines and an ensemble, on the corpora in $SER_DATA (default: data); at most an hour and a half on two cores
networks *ARGS:
    cargo run --release --locked -- run --file networks.toml --artifacts artifacts-networks --demo demo {{ARGS}}

# The most that this program gets out of the corpora: networks that answer together, on altered copies too; an hour on two cores
best *ARGS:
    cargo run --release --locked -- run --file best.toml --artifacts artifacts-best --demo demo {{ARGS}}

# English, Italian and Polish, in languages that were heard and in one that was not: $SER_DATA needs ravdess/, tess/, emovo/ and nemo/
languages *ARGS:
    cargo run --release --locked -- run --file languages.toml --artifacts artifacts-languages {{ARGS}}

# What the pipelines above were chosen by, judged by validation clips; docs/experiments.md tells the outcome
experiments *ARGS:
    cargo run --release --locked -- run --file experiments.toml --artifacts artifacts-experiments {{ARGS}}
    cargo run --release --locked -- validation --file experiments.toml --artifacts artifacts-experiments

# Every test. Those that run Python want, in the environment target/python where there is one,
# `pip install polars duckdb datasets soundfile mlcroissant pyarrow roc-validator rocrate==0.13.0 'moto[server]'`, and say so without
test *ARGS:
    cargo test --release --locked --workspace --features ser/ndarray {{ARGS}}

# The crates that read other people's bytes, with overflow checks and debug assertions (builds their dependencies once more)
test-checked *ARGS:
    cargo test --profile checked --locked --package ser-text --package ser-schemas --package ser-audio \
        --package ser-ingest --package ser-import --package ser-split --package ser-engine --package ser-fetch \
        --package ser-storage {{ARGS}}

# Formatting and lints, warnings denied
lint:
    cargo fmt --all --check
    cargo clippy --release --locked --workspace --all-targets --features ser/ndarray -- -D warnings

# Everything that must hold before a change is shared
check: lint sanitize check-aarch64 test test-checked

# The kernels, where all `unsafe` is, under AddressSanitizer; only says so where the toolchain comes without it
sanitize:
    #!/usr/bin/env bash
    set -euo pipefail
    host=$(rustc -vV | sed -n 's/^host: //p')
    if ! compgen -G "$(rustc --print sysroot)/lib/rustlib/$host/lib/librustc-*_rt.asan.*" >/dev/null; then
        echo "not sanitized: this toolchain has no AddressSanitizer for $host"
        exit 0
    fi
    # The sanitizer is not stable; the variable lets the pinned compiler take the option all the same.
    RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address \
        cargo test --release --locked --package ser-kernels --target "$host" --target-dir target/sanitizer

# The crates with code for one processor checked for aarch64, and the kernels' tests run there under emulation; says what this
# machine lacks for it
check-aarch64:
    #!/usr/bin/env bash
    set -euo pipefail
    target=aarch64-unknown-linux-gnu
    if ! test -d "$(rustc --print sysroot)/lib/rustlib/$target/lib"; then
        echo "not checked for aarch64: no standard library for $target (rustup target add $target)"
        exit 0
    fi
    if ! command -v aarch64-linux-gnu-gcc >/dev/null; then
        echo "only the kernels are checked for aarch64: aarch64-linux-gnu-gcc, for C code of dependencies, is not installed"
        cargo clippy --release --locked --package ser-kernels --target "$target" -- -D warnings
        exit 0
    fi
    cargo clippy --release --locked --package ser-kernels --package ser-audio --package ser-features --target "$target" -- -D warnings
    if ! command -v qemu-aarch64 >/dev/null; then
        echo "the kernels' tests are not run for aarch64: qemu-aarch64 is not installed"
        exit 0
    fi
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    cargo test --release --locked --package ser-kernels --target "$target"

# Every network on wgpu against the same on the processor, with the drivers that are installed; says so where there is none
check-wgpu:
    #!/usr/bin/env bash
    set -euo pipefail
    # Only Linux has to be asked for Vulkan: elsewhere the system brings what wgpu takes.
    if test "$(uname)" = Linux; then
        drivers=(${VK_DRIVER_FILES:-} ${VK_ICD_FILENAMES:-})
        IFS=: read -ra shared <<<"${XDG_DATA_DIRS:-/usr/local/share:/usr/share}"
        for folder in /etc "${shared[@]}" /usr/share /run/opengl-driver/share; do
            drivers+=($(compgen -G "$folder/vulkan/icd.d/*.json" || true))
        done
        if test ${#drivers[@]} = 0; then
            echo "not checked on wgpu: no Vulkan driver is installed (Debian's mesa-vulkan-drivers needs no graphics processor)"
            exit 0
        fi
    fi
    export SER_DEVICES=required
    cargo test --profile device --locked --package ser-train --features wgpu --lib -- hardware kernels_and_devices

# A wheel of the program with its Python module, in target/wheels (wants `pip install maturin`)
wheel:
    cd python && maturin build --release --locked --out ../target/wheels

# The wheel, installed in an environment of its own, against the program in it
test-wheel: wheel
    #!/usr/bin/env bash
    set -euo pipefail
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet "$(ls -t target/wheels/ser-*.whl | head -n 1)"
    env --unset=SER_PROGRAM "$folder/env/bin/python" tests/wheel/check.py

# Generated files: the JSON Schema of pipeline.toml and the reference of all tables
generate:
    cargo run --release --locked -- schema > docs/pipeline.schema.json
    cargo run --release --locked -- tables > docs/tables.md
    cargo run --release --locked -p ser-features --example reference > docs/features.md

# Exported ONNX graphs of every network: ONNX's checker, and onnxruntime's probabilities against `ser predict`'s
check-onnx:
    test -d target/check-onnx || python3 -m venv target/check-onnx
    target/check-onnx/bin/pip install --quiet --requirement tests/onnx/requirements.txt
    cargo build --release --locked --workspace --features ser/ndarray --bin ser
    target/check-onnx/bin/python tests/onnx/check.py

# Benchmarks of the training kernels and steps, and of the whole stage on generated features
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

# A whole training of the default network against PyTorch, on the features of a run; the result goes into docs/benchmarks.md
bench-peers-whole-training ARTIFACTS="artifacts" *ARGS:
    test -d target/peers-training || python3 -m venv target/peers-training
    target/peers-training/bin/pip install --quiet --requirement benches/peers/training-requirements.txt
    cargo build --release --locked --workspace --features ser/ndarray --example train_fold
    target/peers-training/bin/python benches/peers/whole_training.py {{ARTIFACTS}} --doc docs/benchmarks.md {{ARGS}}

# Start and speed of `ser predict` with a model of a run, on generated recordings
bench-predict MODEL="artifacts/cnn_lstm/fold=0" *ARGS:
    python3 benches/predict.py {{MODEL}} {{ARGS}}

# Peak memory of the features stage with ten times the clips; the result goes into docs/benchmarks.md (about 8 minutes)
bench-memory *ARGS:
    python3 benches/memory.py --doc docs/benchmarks.md {{ARGS}}

# Peak memory of training networks and linear models on 25 000 and 250 000 generated clips, within 4 GiB; the result goes into
# docs/benchmarks.md (wants 50 GB of disk)
bench-training-memory *ARGS:
    python3 benches/training_memory.py --doc docs/benchmarks.md {{ARGS}}

# Every benchmark that needs nothing but this folder
bench: bench-features bench-training bench-memory

# Every comparison with other programs; the last needs the artifacts of a run on real corpora
bench-peers: bench-peers-features bench-peers-training bench-peers-whole-training

# Lets libFuzzer look for bytes that do harm to one target (decode, corpus, pipeline, tables, model) for so many seconds; the seeds
# are generated, what it found stays in target/fuzz
fuzz TARGET SECONDS="60":
    #!/usr/bin/env bash
    set -euo pipefail
    # Sanitizer and coverage are not stable; the variable lets the pinned compiler take the options all the same.
    export RUSTC_BOOTSTRAP=1
    into="$PWD/target/fuzz"
    built="$into/$(rustc -vV | sed -n 's/^host: //p')/release"
    mkdir -p "$into/found/{{TARGET}}" "$into/harmful/{{TARGET}}"
    cd tests/fuzz/libfuzzer
    cargo fuzz build --fuzz-dir . --target-dir "$into"
    "$built/seeds" {{TARGET}} "$into/seeds/{{TARGET}}"
    "$built/{{TARGET}}" "$into/found/{{TARGET}}" "$into/seeds/{{TARGET}}" \
        -max_total_time={{SECONDS}} -rss_limit_mb=2048 -timeout=60 -print_final_stats=1 \
        -artifact_prefix="$into/harmful/{{TARGET}}/"

# Every fuzz target in turn
fuzz-all SECONDS="60":
    for target in decode corpus pipeline tables model archive journal import ensemble storage; do just fuzz "$target" {{SECONDS}} || exit 1; done
