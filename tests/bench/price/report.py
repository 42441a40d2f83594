# SPDX-License-Identifier: GPL-2.0-only
"""What was measured, as tables: medians, and the range over the rounds in brackets."""

from statistics import median

DASH = "–"


def spread(values, form):
    values = list(values)
    if not values:
        return DASH
    return f"{form.format(median(values))} [{form.format(min(values))} to {form.format(max(values))}]"


def per_round(result, name, value):
    return [value(r[name], r["bare"]) for r in result["rounds"] if name in r]


def added(result, name):
    """What the variant adds to a unit, in per cent of the bare one of the same round."""
    return spread(per_round(result, name, lambda s, bare: 100 * (s["us"] / bare["us"] - 1)), "{:+.0f}") + " %"


def mid_added(result, name):
    return median(per_round(result, name, lambda s, bare: 100 * (s["us"] / bare["us"] - 1)))


def mid(result, name, value):
    found = per_round(result, name, lambda s, _: value(s))
    return median(found) if found else None


def share_lost(workload, slice_):
    """Of the exchanges that the load counted, how many the tracer did not see, in per cent."""
    due = slice_["units"] * workload.requests
    return 100 * max(0, due - slice_["figures"]["user"]["requests"]) / due if due else 0


CALL_HOOKS = ("sock_send_length", "sock_recv_length")


def clock_ns(in_kernel):
    """What the kernel's clock adds to each run, as the programs that do nothing show it; those of calls count them."""
    hooks = [p for name, p in in_kernel["hooks"]["figures"]["programs"].items() if name not in CALL_HOOKS]
    runs, ns = sum(p["runs"] for p in hooks), sum(p["ns"] for p in hooks)
    return ns / runs if runs else 0


def program_ns(in_kernel, units):
    """name -> (ns, runs) of our programs per unit, without the clock"""
    clock = clock_ns(in_kernel)
    return {p["name"]: (max(0, p["ns"] - clock * p["runs"]) / units, p["runs"] / units)
            for p in in_kernel["ours"]["figures"]["programs"] if p["runs"] > units / 100}


def kernel_ns(result, per_unit):
    """name -> (ns, runs) of our programs per exchange"""
    return program_ns(result["kernel"], result["kernel"]["ours"]["units"] * per_unit)


def call_ns(in_kernel):
    """All our programs, by the socket calls of the served process."""
    calls = in_kernel["hooks"]["figures"]["calls"] / in_kernel["hooks"]["units"]
    took = sum(ns for ns, _ in program_ns(in_kernel, in_kernel["ours"]["units"]).values())
    return round(took / calls) if calls else 0


def delivered(workload, result):
    """How many of the spans that it owes the contender's backend got; one that got none may not have read what came."""
    share = mid(result, "sdk", lambda s: s["received"] / s["units"] / workload.requests)
    return f"{100 * share:.0f} %" if share else "none counted"


def main_row(workload, result):
    cells = [workload.what, spread(per_round(result, "bare", lambda s, _: s["us"]), "{:.2f}"),
             added(result, "hooks"), added(result, "inside"), added(result, "company"), added(result, "capture"), added(result, "ours"),
             f"{median(per_round(result, 'ours', lambda s, b: s['us'] - b['us'])):+.2f}"]
    if any("sdk" in r for r in result["rounds"]):
        cells += [added(result, "sdk"), delivered(workload, result)]
    else:
        cells += [DASH, DASH]
    cells += [f"{mid(result, 'bare', lambda s: s['rate']):,.0f}", f"{mid(result, 'ours', lambda s: s['rate']):,.0f}"]
    return cells


MAIN = ["workload", "bare, us", "hooks that return at once", "as much work inside", "as much work beside", "capture, no export", "ebpf-tracer", "of it us",
        "OpenTelemetry's agent", "its spans", "units/s bare", "units/s traced"]


def tracer_row(workload, result):
    unit = workload.requests or 1

    def value(fn, form="{:.2f}"):
        found = mid(result, "ours", fn)
        return form.format(found)
    programs = kernel_ns(result, unit)
    return [workload.what, value(lambda s: s["figures"]["cpu_ns"] / s["units"] / unit / 1000),
            value(lambda s: s["figures"]["kernel"]["records"] / s["units"] / unit),
            value(lambda s: s["figures"]["ring"]["read"] / s["units"] / unit, "{:.0f}"),
            f"{sum(ns for ns, _ in programs.values()):.0f}",
            value(lambda s: 100 * s["figures"]["ring"]["high"] / s["figures"]["ring"]["size"], "{:.0f} %"),
            value(lambda s: share_lost(workload, s), "{:.2f} %"),
            value(lambda s: 100 * s["figures"]["export"]["sent"] / max(1, s["figures"]["user"]["requests"]), "{:.1f} %"),
            value(lambda s: s["rss"]["anon"] / 1e6, "{:.1f}"), value(lambda s: s["rss"]["file"] / 1e6, "{:.1f}")]


TRACER = ["workload", "tracer's CPU, us", "records", "ring bytes", "kernel, ns", "ring filled", "not seen",
          "spans delivered", "own memory, MB", "mapped, MB"]


def latency_row(workload, result):
    def value(name, key):
        return spread([r[name]["latency"][key] for r in result["latency"] if name in r], "{:,.0f}")
    rounds = result["latency"]
    cells = [workload.what, f"{median(r['bare']['rate'] for r in rounds):,.0f}",
             spread([r["bare"]["us"] for r in rounds], "{:.1f}"),
             spread([100 * (r["ours"]["us"] / r["bare"]["us"] - 1) for r in rounds], "{:+.0f}") + " %"]
    for name in ("bare", "ours", "sdk"):
        cells += [value(name, "p50"), value(name, "p99")]
    return cells


LATENCY = ["workload", "requests/s", "bare CPU per request, us", "traced CPU", "bare p50, us", "p99", "traced p50", "p99", "OpenTelemetry's agent p50", "p99"]


def program_rows(workload, result):
    programs = kernel_ns(result, workload.requests or 1)
    return [[workload.what, name, f"{runs:.2f}", f"{ns / runs:.0f}", f"{ns:.0f}"]
            for name, (ns, runs) in sorted(programs.items(), key=lambda x: -x[1][0])]


PROGRAMS = ["workload", "program", "runs", "ns each", "ns per exchange"]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def text(results):
    """results: list of (workload, result)"""
    parts = [
        "## CPU of the served process per request\n\n" + table(MAIN, [main_row(w, r) for w, r in results]),
        "## The tracer, per exchange\n\n" + table(TRACER, [tracer_row(w, r) for w, r in results]),
        "## Latency and CPU at the same rate, open loop, half of what was reached with tracer and load on one CPU\n\n" +
        table(LATENCY, [latency_row(w, r) for w, r in results if "latency" in r]),
        "## In the kernel, by program\n\n" + table(PROGRAMS, [x for w, r in results for x in program_rows(w, r)]),
    ]
    return "\n".join(parts)
