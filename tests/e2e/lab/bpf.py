# SPDX-License-Identifier: GPL-2.0-only
"""What of BPF is loaded in this kernel: whoever leaks shows here."""

import json
import shutil
import subprocess

from lab.procs import wait_until

BPFTOOL = shutil.which("bpftool", path="/usr/sbin:/usr/local/sbin:/usr/bin:/sbin")


def loaded():
    """{"prog": ids, "map": ids, "link": ids}"""
    ids = {}
    for kind in ("prog", "map", "link"):
        out = subprocess.run([BPFTOOL, "-j", kind, "show"], check=True, capture_output=True).stdout
        ids[kind] = {x["id"] for x in json.loads(out or b"[]")}
    return ids


def left_since(before):
    now = loaded()
    return {kind: now[kind] - before[kind] for kind in now if now[kind] - before[kind]}


def wait_gone(before, timeout=30):
    """Maps are freed after a grace period, so gone means: gone soon."""
    wait_until(lambda: not left_since(before), timeout, "kernel free of the tracer's programs, maps and links")


def rows(number):
    """How many entries a hash map has; 0 for other kinds."""
    shown = subprocess.run([BPFTOOL, "-j", "map", "show", "id", str(number)], check=True, capture_output=True).stdout
    if "hash" not in json.loads(shown)["type"]:
        return 0
    return subprocess.run([BPFTOOL, "-j", "map", "dump", "id", str(number)], check=True,
                          capture_output=True).stdout.count(b'"key"')
