#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: build.sh OUT    builds the Rust service of the tests in OUT/rust, with the crates that its lock file names. Debian
# 12 has a cargo that is new enough for them as cargo-web.
set -eu
out=$(mkdir -p "$1/rust" && cd "$1/rust" && pwd)
command -v cargo >/dev/null || { echo "no cargo: the Rust service is not built" >&2; exit 1; }
cd "$(dirname "$0")/../../e2e/services/rust"
CARGO_TARGET_DIR=$out exec cargo build --quiet --release --locked
