# SPDX-License-Identifier: GPL-2.0-only
"""A list of checks that a person reads: what holds, what does not and why, and a score."""

import sys


class Checklist:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, holds, what, otherwise=""):
        """otherwise: what to look at when it does not hold"""
        print(f"{'✓' if holds else '✗'} {what}{': ' + otherwise if otherwise and not holds else ''}", flush=True)
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        return holds

    @property
    def score(self):
        return round(100 * self.passed / (self.passed + self.failed))

    def end(self):
        print(f"\nScore: {self.score}/100", flush=True)
        sys.exit(1 if self.failed else 0)
