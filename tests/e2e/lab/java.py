# SPDX-License-Identifier: GPL-2.0-only
"""The Java service of the scenarios, compiled once."""

import shutil
import subprocess

from lab.procs import BUILD, SERVICES

FETCHED = BUILD / "tools/java21/java"  # by tests/tools/java/java21.sh
CLASSES = BUILD / "tests/e2e/java"
SOURCE = SERVICES / "java/Service.java"


def missing():
    return None if shutil.which("javac") else "no javac"


def missing21():
    return missing() or (None if FETCHED.exists() else "no Java 21 (make deps-links)")


def service(java="java"):
    """The command that runs it, with front or back behind it."""
    out = CLASSES / "Service.class"
    if not out.exists() or out.stat().st_mtime < SOURCE.stat().st_mtime:
        subprocess.run(["javac", "--release", "17", "-d", CLASSES, SOURCE], check=True)
    return [java, "-Xmx256m", "-Dhttp.maxConnections=64", "-Dsun.net.httpserver.nodelay=true", "-cp", CLASSES,
            "Service"]
