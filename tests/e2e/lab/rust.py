# SPDX-License-Identifier: GPL-2.0-only
"""The Rust service of the scenarios, built by the cargo that this machine has, from the crates that its lock file names."""

import os
import shutil
import subprocess

from lab.procs import BUILD, SERVICES

TARGET = BUILD / "tools/rust"  # the crates take minutes to build, once: make rust


def missing():
    if not shutil.which("cargo"):
        return "no cargo"
    return None if (TARGET / "release/service").exists() else "its crates have not been built (make rust)"


def service():
    subprocess.run(["cargo", "build", "--quiet", "--release", "--locked"], cwd=SERVICES / "rust", check=True,
                   env={**os.environ, "CARGO_TARGET_DIR": str(TARGET)})
    return TARGET / "release/service"
