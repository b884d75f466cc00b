//! Prints `docs/features.md`, the reference page of all features.
//!
//!     cargo run --release -p ser-features --example reference > docs/features.md

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(ser_features::reference().as_bytes())
}
