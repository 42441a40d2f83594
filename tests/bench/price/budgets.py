# SPDX-License-Identifier: GPL-2.0-only
"""What tracing may cost at most, and whether it does: the median of what was measured against each budget."""

from dataclasses import dataclass

from price import report, workloads

CALLS = ("sock_send", "sock_recv", "send_start")	# the programs that a socket call runs


@dataclass
class Budget:
    what: str
    most: float
    form: str
    measured: object	# (results by name) -> figure; KeyError: the workload was not measured


def kernel(results, name):
    """program -> (ns per exchange, runs per exchange)"""
    workload = next(w for w in workloads.ALL if w.name == name)
    return report.kernel_ns(results[name], workload.requests or 1)


def each(results, *programs):
    """Nanoseconds of a run for a process that is not traced, at most."""
    found = kernel(results, "other")
    return max(found[p][0] / found[p][1] for p in programs if p in found)


def exchange_us(results):
    """A receive and a send of the server; as many of the load, which is not traced, are taken off."""
    found = kernel(results, "nginx")
    untraced = each(results, *CALLS)
    return sum(found[p][0] - untraced * found[p][1] / 2 for p in CALLS) / 1000


def added(name):
    return lambda results: report.mid_added(results[name], "ours")


def beyond_hooks(results):
    """What the kernel takes for a hook by itself is in both."""
    return report.mid_added(results["crowd"], "ours") - report.mid_added(results["crowd"], "hooks")


def alone(key):
    return lambda results: results["alone"][key]


def own_mb(name):
    return lambda results: report.mid(results[name], "ours", lambda s: s["rss"]["anon"] / 1e6)


def lost(results):
    return report.mid(results["nginx"], "ours", lambda s: report.share_lost(workloads.ALL[0], s))


ALL = [
    Budget("kernel time of a receive and a send, traced, us", 0.40, "{:.2f}", exchange_us),
    Budget("a socket call of a process that is not traced, us", 0.03, "{:.3f}",
           lambda results: each(results, *CALLS) / 1000),
    Budget("a received segment of a process that is not traced, us", 0.03, "{:.3f}",
           lambda results: each(results, "arrive") / 1000),
    Budget("nginx `return 200`: CPU per request", 8, "{:+.1f} %", added("nginx")),
    Budget("redis GET, once recognised", 5, "{:+.1f} %", added("redis")),
    Budget("Flask", 2, "{:+.1f} %", added("flask")),
    Budget("Node", 4, "{:+.1f} %", added("node")),
    Budget("Java", 4, "{:+.1f} %", added("java")),
    Budget("Go", 6, "{:+.1f} %", added("go")),
    Budget("199 untraced processes beside a traced one, beyond the hooks themselves", 2, "{:+.1f} %", beyond_hooks),
    Budget("start to ready, ms", 300, "{:.0f}", alone("ready_ms")),
    Budget("start to the first span at the backend, ms", 1000, "{:.0f}", alone("first_span_ms")),
    Budget("tracer's CPU per exchange, from record to OTLP bytes, us", 2.5, "{:.2f}", alone("path_us")),
    Budget("exchanges that are not seen at nginx's highest rate", 0, "{:.2f} %", lost),
    Budget("CPU when nothing happens, per mille of a core", 0.5, "{:.2f}", alone("idle_cpu")),
    Budget("wake-ups a second when nothing happens", 2, "{:.1f}", alone("wakes")),
    Budget("memory when nothing happens, MB", 20, "{:.1f}", lambda results: results["alone"]["rss"] / 1e6),
    Budget("memory with 10,000 connections, MB", 50, "{:.1f}", own_mb("idle")),
]


def row(budget, results):
    try:
        found = budget.measured(results)
    except KeyError:
        return [budget.what, budget.form.format(budget.most), report.DASH, "not measured"]
    verdict = "met" if found <= budget.most else "**not met**"
    return [budget.what, budget.form.format(budget.most), budget.form.format(found), verdict]


def text(results):
    """results: name -> result"""
    return "## Budgets\n\n" + report.table(["what", "at most", "measured", ""], [row(b, results) for b in ALL])
