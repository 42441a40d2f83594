#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Budgets and bans of the house style: sizes of files and functions, nesting, calls that are not to be used, marks."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE_MAX, HEADER_MAX, FUNCTION_MAX, BPF_FUNCTION_MAX, TABLE_TEST_MAX = 800, 240, 60, 80, 120
NESTING_MAX, COLUMNS, MAKEFILE_MAX = 3, 120, 250
SPDX = "SPDX-License-Identifier: GPL-2.0-only"
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|alloca|system|popen)\s*\(")
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
PLACES = re.compile(re.escape(str(ROOT)) + r"\b")


def tracked():
    out = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(x) for x in out.splitlines() if (ROOT / x).is_file()]


def functions(lines):
    """(name, first line, length, deepest nesting) of each function: a "{" and a "}" in the first column."""
    start = name = None
    deepest, blocks = 0, []
    for n, line in enumerate(lines, 1):
        code = re.sub(r"/\*.*?(\*/|$)", "", line).strip()
        if line.startswith("{"):
            start, deepest, blocks = n, 0, []
            found = re.findall(r"(\w+)\(", " ".join(lines[max(0, n - 4):n - 1]))
            name = found[-1] if found else "?"
        elif line.startswith("}") and start:
            yield name, start, n - start + 1, deepest
            start = None
        elif start:
            if code.startswith("}") and blocks:
                blocks.pop()
            if code.endswith("{"):
                blocks.append(not re.search(r"[=(]\s*(\([^)]*\))?{$", code))
            deepest = max(deepest, sum(blocks))


def check_c(path, lines):
    contract = path.suffix == ".h" and path.parts[0] in ("include", "user")
    limit = HEADER_MAX if contract else FILE_MAX
    if len(lines) > limit:
        yield f"{path}: {len(lines)} lines, at most {limit}"
    bpf = path.parts[0] == "bpf"
    for name, line, length, nesting in functions(lines):
        most = BPF_FUNCTION_MAX if bpf else TABLE_TEST_MAX if name.startswith("test_") else FUNCTION_MAX
        if length > most:
            yield f"{path}:{line}: {name}() has {length} lines, at most {most}"
        if nesting > NESTING_MAX:
            yield f"{path}:{line}: {name}() is nested {nesting} deep, at most {NESTING_MAX}"
    for n, line in enumerate(lines, 1):
        if BANNED.search(line) and path.parts[0] in ("user", "bpf", "include"):
            yield f"{path}:{n}: {BANNED.search(line)[1]}() is not used here"
        if len(line.expandtabs(8)) > COLUMNS:
            yield f"{path}:{n}: longer than {COLUMNS} columns"
        if line.rstrip() != line:
            yield f"{path}:{n}: white space at the end"


def check_text(path, lines):
    own = path == Path("tests/lint/names.py")
    for n, line in enumerate(lines, 1):
        if MARKS.search(line) and not own:
            yield f"{path}:{n}: {MARKS.search(line)[1]} is not a plan"
        if PLACES.search(line) and not own:
            yield f"{path}:{n}: a path of one machine"
    if path.suffix in (".c", ".h", ".py", ".sh", ".def", ".proto") and SPDX not in "\n".join(lines[:2]):
        yield f"{path}: no SPDX line"


def complaints():
    for path in tracked():
        if path.parts[0] == "vmlinux" or "corpus" in path.parts:
            continue
        try:
            lines = (ROOT / path).read_text().split("\n")
        except UnicodeDecodeError:
            continue
        if lines and not lines[-1]:
            lines.pop()
        yield from check_text(path, lines) if path.parts[:2] != ("tests", "golden") else ()
        if path.suffix in (".c", ".h"):
            yield from check_c(path, lines)
        if path.name == "Makefile" and len(lines) > MAKEFILE_MAX:
            yield f"{path}: {len(lines)} lines, at most {MAKEFILE_MAX}"


def main():
    found = list(complaints())
    print("not ok names and budgets" if found else "ok names and budgets")
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
