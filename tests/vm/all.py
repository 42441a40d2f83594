#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Boots the kernels of kernels.txt one after the other, runs suite.sh on each and relays its TAP lines.

    all.py [--first] [NAME...]    picks kernels; without a name, all. --first: the trigger tests, which take most of
                                  the time, only under each kernel's first provider

What was found on a kernel is kept in $OUTPUT/vm/NAME.json for table.py, which shows it at the end.  A kernel that
cannot be had is skipped by name; a test that skips itself and is not listed in skips.txt has failed.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from lab import verified  # noqa: E402

VM = Path(os.environ.get("OUTPUT", HERE.parents[1] / "build")).resolve() / "vm"
TEST = re.compile(r"^(ok|not ok) ([^#]*?)\s*(?:# SKIP (.*))?$")
CANNOT_BE_HAD = 77


def rows(name):
    for line in (HERE / name).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split()


class Kernel:
    def __init__(self, first, name, suite, _package, _machine, providers, *_words):
        self.name, self.suite, self.providers = name, suite, providers
        self.triggered = providers.split(",")[0] if first else providers
        self.allowed = [x[1] for x in rows("skips.txt") if x[0] == name]
        self.chatter, self.explaining = [], False
        self.found = {"name": name, "suite": suite, "release": "", "passed": 0, "failed": 0, "skipped": 0,
                      "verified": [], "doctor": []}

    def result(self, status, test, skip):
        """Prints one test's line, judged; what a test said is shown only if it failed."""
        if skip and not any(re.search(x, test) for x in self.allowed):
            status, test = "not ok", f"{test}: skipped, and not in skips.txt: {skip}"
            skip = None
        self.found["skipped" if skip else "passed" if status == "ok" else "failed"] += 1
        self.explaining = status != "ok"
        if self.explaining:
            print("".join(f"{x}\n" for x in self.chatter[-40:]), end="")
        self.chatter = []
        print(f"{status} {self.name}, {test}" + (f" # SKIP {skip}" if skip else ""), flush=True)

    def line(self, text):
        word, _, rest = text.partition(" ")
        test = TEST.match(text)
        if test:
            self.result(*test.groups())
        elif word == "release":
            self.found["release"] = rest
        elif word == "doctor":
            self.found["doctor"].append(rest)
        elif word == "verified":
            provider, program, insns = rest.split()
            self.found["verified"].append([provider, program, int(insns)])
        elif self.explaining:
            print(f"# {text}", flush=True)
        else:
            self.chatter.append(f"# {text}")

    def judge_verifier(self):
        worst = {}
        for _, program, insns in self.found["verified"]:
            worst[program] = max(insns, worst.get(program, 0))
        wrong = verified.jumps(worst, verified.recorded().get(self.name, {}))
        for sentence in wrong:
            self.result("not ok", sentence, None)
        if worst and not wrong:
            self.result("ok", "the verifier's walks are no longer than recorded", None)

    def show_console(self):
        """From where the kernel complained, else its last words."""
        lines = (VM / f"{self.name}.log").read_text(errors="replace").splitlines()
        first = next((n for n, x in enumerate(lines) if re.search(r"Oops|BUG:|WARNING:|panic", x)), len(lines) - 10)
        print("\n".join(f"# console: {x}" for x in lines[max(0, first - 2):first + 30]))

    def run(self):
        began = time.monotonic()
        guest = subprocess.Popen([HERE / "run.sh", self.name, "tests/vm/suite.sh", self.providers, self.triggered],
                                 cwd=HERE.parents[1], stdout=subprocess.PIPE, text=True, errors="replace")
        for text in guest.stdout:
            self.line(text.rstrip("\n"))
        status = guest.wait()
        self.judge_verifier()
        if status == CANNOT_BE_HAD:
            print(f"ok {self.name} # SKIP QEMU or the kernel of Debian {self.suite} cannot be had", flush=True)
            return True
        if status and not self.found["failed"]:
            self.result("not ok", f"the suite ended with status {status}", None)
        if self.found["failed"]:
            self.show_console()
        self.found["seconds"] = round(time.monotonic() - began)
        print(f"# {self.name}, Linux {self.found['release']}: {self.found['seconds']} s", flush=True)
        (VM / f"{self.name}.json").write_text(json.dumps(self.found, indent=1) + "\n")
        return not self.found["failed"]


def main():
    names = [x[0] for x in rows("kernels.txt")]
    first = "--first" in sys.argv[1:]
    picked = [x for x in sys.argv[1:] if x != "--first"]
    unknown = set(picked) - set(names)
    if unknown:
        sys.exit(f"kernels.txt has no {', '.join(sorted(unknown))}; it has {', '.join(names)}")
    VM.mkdir(parents=True, exist_ok=True)
    good = [Kernel(first, *x).run() for x in rows("kernels.txt") if x[0] in (picked or names)]
    subprocess.run([HERE / "table.py"], check=True)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
