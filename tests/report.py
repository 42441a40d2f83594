# SPDX-License-Identifier: GPL-2.0-only
"""A pytest plugin: one TAP line per test, as cmocka prints them too, and nothing else.  pytest -p no:terminal -p report"""

import sys


def pytest_addoption(parser):
    """What the explanation of a failed assertion asks for; it comes from the plugin that this one replaces."""
    parser.addoption("--verbose", dest="verbose", type=int, default=0)


def say(line):
    print(line, flush=True)


def name_of(report):
    return report.nodeid.split("/")[-1].replace(".py::", ": ")


def reason_of(report):
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)


def complain(report):
    say(f"not ok {name_of(report)}")
    for line in reason_of(report).splitlines()[-60:]:
        say(f"# {line}")


def pytest_configure(config):
    # Options of the terminal plugin that others read too.
    config.option.verbose = 0
    config.option.tbstyle = "short"


def pytest_collectreport(report):
    if report.failed:
        complain(report)


def pytest_runtest_logreport(report):
    if report.failed:
        complain(report)
    elif report.skipped:
        say(f"ok {name_of(report)} # SKIP {reason_of(report)}")
    elif report.when == "call":
        scores = "".join(f"; {value}" for _, value in report.user_properties)
        say(f"ok {name_of(report)} ({report.duration:.1f} s{scores})")


def pytest_keyboard_interrupt():
    sys.exit(130)
