# SPDX-License-Identifier: GPL-2.0-only
"""Services of the scenarios that are written in C, compiled once."""

import subprocess

from lab.procs import BUILD, SERVICES


def c_program(name):
    source, out = SERVICES / f"{name}.c", BUILD / "tests/e2e" / name
    if not out.exists() or out.stat().st_mtime < source.stat().st_mtime:
        out.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", out, source], check=True)
    return out
