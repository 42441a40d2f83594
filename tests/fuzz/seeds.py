#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes the conversations of tests/golden/PROTOCOL as inputs of its fuzz target: seeds.py PROTOCOL FOLDER"""

import codecs
import sys
from pathlib import Path

TOO_LONG = 4096  # repeats more than this many bytes only make the fuzzer slow


def script(text):
    settings, out, last = 1, b"", None
    for line in text.split("\n---\n")[1].splitlines():
        if line[:1] not in ("<", ">"):
            settings = settings & ~1 if line == "client" else settings | 2 if line == "midway" else settings
            continue
        flow, word, rest = line[0], *(line[1:].split(" ", 1) + [""])[:2]
        if flow != last:
            out += b"\xffc" + (b"\xffr" if flow == ">" else b"\xffs")
        last = flow
        if word == "gap":
            out += b"\xffg" + bytes([min(int(rest), 254)])
        elif word in ("call", "eof"):
            out += b"\xff" + word[:1].encode()
        else:
            out += codecs.escape_decode(rest.encode())[0] * int(word[1:] or 1)
    return bytes([settings]) + out


def main():
    protocol, folder = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    for path in Path(__file__).parents[1].joinpath("golden", protocol).glob("*.txt"):
        seed = script(path.read_text())
        if len(seed) <= TOO_LONG:
            Path(folder, path.stem).write_bytes(seed)


if __name__ == "__main__":
    main()
