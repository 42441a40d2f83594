# SPDX-License-Identifier: GPL-2.0-only
"""The Go service of the scenarios, built by the Go that this machine has."""

import os
import shutil
import subprocess

from lab.procs import BUILD, SERVICES

FETCHED = BUILD / "tools/go/venv/bin"  # by tests/tools/jaeger/go.sh


def go():
    """Path of the compiler, or None."""
    return shutil.which("go") or shutil.which("go", path=FETCHED)


def service(name="go", *flags, **env):
    """Builds it anew where its sources, or these flags, are; Go itself knows whether there is anything to do."""
    out = BUILD / "tests/e2e" / name
    subprocess.run([go(), "build", "-trimpath", *flags, "-o", out, "."], cwd=SERVICES / "go", check=True,
                   env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", **env})
    return out
