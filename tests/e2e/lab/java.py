# SPDX-License-Identifier: GPL-2.0-only
"""The Java services of the scenarios, compiled once."""

import shutil
import subprocess

from lab.procs import BUILD, SERVICES

FETCHED = BUILD / "tools/java21/java"  # by tests/tools/java/java21.sh
CLASSES = BUILD / "tests/e2e/java"
NETTY = BUILD / "tools/netty"  # by tests/tools/netty/jars.sh


def missing():
    return None if shutil.which("javac") else "no javac"


def missing21():
    return missing() or (None if FETCHED.exists() else "no Java 21 (make java21)")


def missing_netty():
    return missing() or (None if NETTY.exists() else "no Netty (make deps-links)")


def compiled(source, *options):
    out = CLASSES / f"{source.stem}.class"
    if not out.exists() or out.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["javac", "--release", "17", "-d", CLASSES, *options, source], check=True)


def service(java="java"):
    """The command that runs it, with front or back behind it."""
    compiled(SERVICES / "java/Service.java")
    return [java, "-Xmx256m", "-Dhttp.maxConnections=64", "-Dsun.net.httpserver.nodelay=true", "-cp", CLASSES,
            "Service"]


def netty():
    """The command that runs the front on Netty."""
    path = f"{CLASSES}:{NETTY}/*"
    compiled(SERVICES / "netty/Front.java", "-cp", path)
    return ["java", "-Xmx256m", "-cp", path, "Front"]
