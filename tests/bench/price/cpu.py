# SPDX-License-Identifier: GPL-2.0-only
"""What processes take: CPU time to the nanosecond, memory; and where they run."""

import os
import time
from pathlib import Path

SERVER_CPU, LOAD_CPU = 0, 1


def pinned(cpu, args):
    return ["taskset", "-c", str(cpu), *args]


def before_others():
    """Whatever else this machine does yields to the benchmark: a scheduling group of its own, with a high weight."""
    if os.getpid() != os.getsid(0):
        os.setsid()
    os.setpriority(os.PRIO_PROCESS, 0, -15)
    group = Path("/proc/self/autogroup")
    if group.exists():
        group.write_text("-15")


def family(pid):
    """The process and everything below it."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [pid]
    for parent in found:
        found += parents.get(parent, [])
    return found


def cpu_ns(pids):
    """All threads, user and system: the scheduler's own count, which has no ticks."""
    return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in pids)


def rss(pids):
    """{"anon": bytes, "file": bytes}; the mapping of a ring counts as file."""
    total = {"anon": 0, "file": 0}
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(("RssAnon:", "RssFile:")):
                total[line[3:7].lower()] += int(line.split()[1]) << 10
    return total


def host_busy_ns():
    """CPU time that the machine was not idle, in ticks of 10 ms."""
    fields = [int(x) for x in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
