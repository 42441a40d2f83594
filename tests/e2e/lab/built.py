# SPDX-License-Identifier: GPL-2.0-only
"""Services of the scenarios that are written in C and C++, compiled once."""

import subprocess

from lab.procs import BUILD, SERVICES


def compiled(compiler, source):
    out = BUILD / "tests/e2e" / source.stem
    if not out.exists() or out.stat().st_mtime < source.stat().st_mtime:
        out.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([*compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", out, source], check=True)
    return out


def c_program(name):
    return compiled(["gcc"], SERVICES / f"{name}.c")


def cpp_program(name):
    return compiled(["g++", "-std=c++17", "-pthread"], SERVICES / f"{name}.cpp")


def c_library(name):
    return compiled(["gcc", "-shared", "-fPIC", "-pthread"], SERVICES / f"{name}.c")
