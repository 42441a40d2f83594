#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""This machine's own entries for one Debian suite, as one-line sources: wherever it gets Debian from, so does the chroot.

    apt_sources.py bookworm            the lines, with the suite's updates and security
    apt_sources.py --mirror bookworm   the first URI of the suite itself, for debootstrap
"""

import re
import sys
from pathlib import Path

APT = Path("/etc/apt")


def one_line(text):
    for line in text.splitlines():
        found = re.match(r"deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)", line)
        if found:
            yield found[1], found[2], found[3].split()


def deb822(text):
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", stanza, re.M))
        if "deb" in fields.get("Types", "").split() and fields.get("Enabled", "yes") != "no":
            for uri in fields.get("URIs", "").split():
                for suite in fields.get("Suites", "").split():
                    yield uri, suite, fields.get("Components", "").split()


def entries():
    for path in [APT / "sources.list", *sorted((APT / "sources.list.d").glob("*"))]:
        if path.suffix == ".list" and path.exists():
            yield from one_line(path.read_text())
        elif path.suffix == ".sources":
            yield from deb822(path.read_text())


def main():
    suite = sys.argv[-1]
    found = [(u, s, c) for u, s, c in entries() if re.fullmatch(rf"{suite}(-updates|-security)?", s) and "main" in c]
    mirrors = [u for u, s, _ in found if s == suite]
    if not mirrors:
        sys.exit(f"apt_sources: this machine has no source of {suite}")
    if sys.argv[1] == "--mirror":
        print(mirrors[0])
        return
    for uri, name, _ in found:
        print(f"deb {uri} {name} main")


if __name__ == "__main__":
    main()
