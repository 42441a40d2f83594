#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What all.py found, as tables.

    table.py             per program, the instructions that the verifier of each kernel walked
    table.py --record    writes that into tests/vm/verified.txt, where a kernel that was not run keeps its column, and the
                         kernels' table into README.md, between its markers
"""

import json
import os
import re
import sys
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from lab import verified  # noqa: E402

VM = Path(os.environ.get("OUTPUT", ROOT / "build")).resolve() / "vm"
BEGIN, END = "<!-- kernels: written by `make kernels-update` -->", "<!-- end of kernels -->"


def version(kernel):
    return [int(x) for x in re.findall(r"\d+", kernel["release"])[:2]]


def kernels():
    found = [json.loads(p.read_text()) for p in VM.glob("*.json")]
    return sorted((k for k in found if k["release"]), key=version)


def label(kernel):
    """6.12; of another processor than most: 6.12-arm64."""
    number, processor = ".".join(map(str, version(kernel))), kernel["release"].rpartition("-")[2]
    return number if processor == "amd64" else f"{number}-{processor}"


def align(table):
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return "\n".join("  ".join(x.rjust(w) if i else x.ljust(w) for i, (x, w) in enumerate(zip(row, widths))).rstrip()
                     for row in table)


def walked(kernel):
    """{program: instructions}; a program that several providers share is counted at its worst."""
    worst = {}
    for _, program, insns in kernel["verified"]:
        worst[program] = max(insns, worst.get(program, 0))
    return {program: insns for program, insns in worst.items() if insns}


def verified_table(columns):
    """Programs down, kernels across."""
    programs = sorted({x for column in columns.values() for x in column})
    return align([["program", *columns], *([x, *(str(c.get(x, "-")) for c in columns.values())] for x in programs)])


def write_record(found):
    """Kernels in the order of kernels.txt."""
    columns = verified.recorded() | {k["name"]: walked(k) for k in found}
    order = [x.split()[0] for x in (ROOT / "tests/vm/kernels.txt").read_text().splitlines() if x and x[0] != "#"]
    comments = [x for x in verified.RECORD.read_text().splitlines() if x.startswith("#")]
    table = verified_table({name: columns[name] for name in order if columns.get(name)})
    verified.RECORD.write_text("\n".join([*comments, table]) + "\n")


def write_readme(found):
    readme = ROOT / "README.md"
    text = readme.read_text()
    before, rest = text.split(BEGIN)
    readme.write_text(before + "\n".join([BEGIN, *readme_table(found)]) + "\n" + END + rest.split(END)[1])


def methods(kernel):
    """What doctor says of the methods: (those that work, the preferred one first)."""
    lines = kernel["doctor"]
    section = takewhile(bool, lines[lines.index("capture methods") + 1:])
    works = [x for x in section if re.search(r"\sworks", x)]
    works.sort(key=lambda x: "preferred" not in x)
    return [re.split(r"\s{2,}", x.strip())[0] for x in works]


def lost(kernel):
    return [x.split("missing, so ")[1] for x in kernel["doctor"] if "missing, so " in x]


def readme_table(found):
    yield "| kernel | captures by (auto in bold) | what is lost there | instructions the verifier walks, largest program |"
    yield "|---|---|---|---|"
    for kernel in found:
        best, *others = methods(kernel) or ["none"]
        largest = max(walked(kernel).values(), default=0)
        debian = kernel["name"].replace("debian-", "Debian ") if kernel["suite"] == "sid" else f"Debian {kernel['suite']}"
        yield (f"| {kernel['release']}, {debian} | **{best}**{''.join(', ' + x for x in others)} | "
               f"{'; '.join(lost(kernel)) or 'nothing'} | {f'{largest:,}' if largest else 'not told'} |")


def main():
    found = kernels()
    if not found:
        return
    if sys.argv[1:] == ["--record"]:
        write_record(found)
        write_readme(found)
        return
    text = verified_table({label(k): walked(k) for k in found})
    print("\n".join("# " + x for x in text.splitlines()))


if __name__ == "__main__":
    main()
