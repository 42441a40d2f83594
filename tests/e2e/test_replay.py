# SPDX-License-Identifier: GPL-2.0-only
"""A recording gives the same spans again, always the same bytes, and up to the damage when it is cut."""

import os
import subprocess
from pathlib import Path

import pytest
from lab import load, otlp
from lab.procs import TRACER
from lab.tracer import Tracer
from test_two_services import start_services


RECORDED = Path(__file__).parents[1] / "replay" / "two-services.rec"


def record(lab, requests=60):
    port, pa, pb = start_services(lab, slow=(0, 10), fail=0.2)
    file = lab.folder / "run.rec"
    tracer = Tracer(lab, "--pid", pa.pid, "--pid", pb.pid, "--record", file)
    load.run(port, ["/"] * requests, 6)
    return file, tracer.stop()


def replay(file, out, **kwargs):
    return subprocess.run([TRACER, "--replay", file, "--exporter", f"json:{out}"], capture_output=True, text=True,
                          timeout=120, check=False, **kwargs)


def key(span):
    return span.span_id


@pytest.mark.quick
def test_replay_is_the_live_run_again(lab):
    file, live = record(lab)
    outs = [lab.folder / f"replay.{n}.json" for n in range(2)]
    for out in outs:
        done = replay(file, out)
        assert done.returncode == 0, done.stderr
    assert outs[0].read_bytes() == outs[1].read_bytes()
    again = otlp.read_spans(outs[0])
    assert len(live) == 180
    assert sorted(again, key=key) == sorted(live, key=key)


@pytest.mark.quick
def test_the_console_always_ends_with_its_table():
    """However soon after the last span the end comes."""
    seen = {subprocess.run([TRACER, "--replay", RECORDED, "--exporter", "console", "--show", "operations"],
                           capture_output=True, text=True, timeout=60, check=True).stdout for _ in range(40)}
    assert len(seen) == 1 and "The bottleneck is service-b GET /data" in seen.pop()


@pytest.mark.quick
def test_a_full_disk_is_told_as_what_it_is():
    """Beside another exporter, which takes all: the counts say that each span went two ways."""
    done = subprocess.run([TRACER, "--replay", RECORDED, "--exporter", "json:/dev/full,none"], capture_output=True,
                          text=True, timeout=60, check=False)
    assert "cannot write to /dev/full: No space left on device" in done.stderr
    assert "36 spans to each of 2 exporters: 36 sent, 0 rejected by the backend, 36 failed" in done.stderr
    assert "36 spans lost: they could not be delivered, for the reason that was said above" in done.stderr


def test_replay_needs_no_root(lab):
    file, live = record(lab, 5)
    lab.folder.chmod(0o777)
    for parent in lab.folder.parents:
        if parent != parent.parent and parent.stat().st_uid == os.getuid() and str(parent).startswith("/tmp/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    file.chmod(0o644)
    program = lab.folder / "ebpf-tracer"		# the tree itself may be closed to others
    program.write_bytes(TRACER.read_bytes())
    program.chmod(0o755)
    out = lab.folder / "nobody.json"
    done = subprocess.run([program, "--replay", file, "--exporter", f"json:{out}"], user=65534, group=65534,
                          extra_groups=[], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert len(otlp.read_spans(out)) == len(live)


def test_cut_recording_replays_up_to_the_damage(lab):
    file, live = record(lab)
    whole = file.read_bytes()
    ids = {s.span_id for s in live}
    counts = []
    for share in (0.95, 0.5, 0.2):
        cut = lab.folder / "cut.rec"
        cut.write_bytes(whole[:int(len(whole) * share) | 1])
        out = lab.folder / f"cut.{share}.json"
        done = replay(cut, out)
        assert done.returncode > 0, "a cut recording was passed off as a whole one"
        assert "the recording is" in done.stderr, done.stderr
        spans = otlp.read_spans(out)
        assert {s.span_id for s in spans} <= ids
        counts.append(len(spans))
    assert len(live) >= counts[0] > counts[1] > counts[2] > 0
