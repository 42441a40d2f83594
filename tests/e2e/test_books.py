# SPDX-License-Identifier: GPL-2.0-only
"""Nothing is lost silently: the books close on real traffic, at the end and whenever asked for."""

import signal

import pytest
from lab import load
from lab.procs import wait_until
from lab.tracer import Tracer, read_books
from test_two_services import start_services


def check(books):
    for way in ("received", "sent"):
        b = books[way]
        assert b["total"] > 0
        assert b["total"] == sum(b["kernel"].values()), f"{way}: the kernel's books are open: {b}"
        assert b["reported"] == sum(b["user"].values()), f"{way}: our books are open: {b}"
        assert b["kernel"]["reported"] == b["reported"], f"{way}: kernel and user side disagree: {b}"
        assert b["verdict"] == "closed"


@pytest.mark.quick
def test_books_close_at_the_end(lab):
    port, pa, pb = start_services(lab, slow=(0, 5))
    tracer = Tracer(lab, "--pid", pa.pid, "--pid", pb.pid)
    result = load.run(port, ["/"] * 200, 8)
    assert not result.failed
    spans = tracer.stop()
    assert len(spans) == 3 * 200
    books = tracer.books()
    check(books)
    assert books["received"]["kernel"]["lost"] == 0 and books["sent"]["kernel"]["lost"] == 0


def test_sigusr1_prints_the_books_and_goes_on(lab):
    port, pa, pb = start_services(lab, slow=(0, 5))
    tracer = Tracer(lab, "--pid", pa.pid, "--pid", pb.pid)
    load.run(port, ["/"] * 20, 4)
    tracer.wait_spans(60)
    tracer.proc.tell(signal.SIGUSR1)
    wait_until(lambda: len(read_books(tracer.proc.errors())) == 2, 10, "books after SIGUSR1")
    check(tracer.books())
    load.get(port, "/")
    tracer.wait_spans(63)
    tracer.stop()
    assert tracer.proc.errors().count("books: received") == 2


def test_the_bill_as_json(lab):
    port, pa, pb = start_services(lab, slow=(0, 5))
    tracer = Tracer(lab, "--pid", pa.pid, "--pid", pb.pid, "--stats", "json", "--times")
    load.run(port, ["/"] * 20, 4)
    tracer.wait_spans(60)
    tracer.proc.tell(signal.SIGUSR1)
    wait_until(tracer.stats, 10, "summary after SIGUSR1")
    tracer.stop()
    between, last = tracer.stats()
    assert between["user"]["requests"] == last["user"]["requests"] == 60 and last["export"]["sent"] == 60
    assert last["closed"] == {"received": True, "sent": True}
    assert 0 < last["ring"]["high"] < last["ring"]["size"] and 0 < last["rss"] <= last["rss_peak"] + (1 << 20)
    assert max(p["ns"] / p["runs"] for p in last["programs"] if p["runs"]) > 0, "the kernel was not asked for times"
