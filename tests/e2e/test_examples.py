# SPDX-License-Identifier: GPL-2.0-only
"""Every example by its own script, on the ports that its tutorial names: up, test, down. One Jaeger serves them all."""

import os
import shutil
import subprocess

import pytest
from lab import golang, sdk
from lab.jaeger import BINARY as JAEGER
from lab.netns import own_network
from lab.procs import BUILD, PYTHON, ROOT, Lab

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Alone on the ports, with a Jaeger on the usual ones."""
    if not JAEGER.exists():
        pytest.skip("Jaeger is not built (make jaeger)")
    with own_network():
        lab = Lab(tmp_path_factory.mktemp("jaeger"))
        lab.serve("jaeger", [JAEGER, "--config", ROOT / "tests/tools/jaeger/config.yaml"], 16686).farewell = 9
        yield
        lab.close()


@pytest.fixture
def run(network):
    """run(EXAMPLE, VERB...): what it printed; it must succeed. Whatever was started is stopped in the end."""
    used = []

    def verb(example, *args, status=0, **env):
        used.append(example)
        done = subprocess.run([EXAMPLES / example / "run.sh", *args], stdin=subprocess.DEVNULL, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180,
                              env={**os.environ, "OUTPUT": str(BUILD), "PYTHON": PYTHON, **env})
        assert done.returncode == status, f"{example}/run.sh {' '.join(args)}:\n{done.stdout}"
        return done.stdout
    yield verb
    for example in dict.fromkeys(used):
        verb(example, "down")


def test_one_app(run):
    run("one-app", "up")
    assert "Score: 100/100" in run("one-app", "test")


def test_an_example_whose_tracer_is_gone_fails_its_test(run):
    run("one-app", "up")
    tracer = int((BUILD / "examples/one-app/tracer.pid").read_text(encoding="ascii").split()[0])
    os.kill(tracer, 15)
    assert "Score: 100/100" not in run("one-app", "test", status=1, PATIENCE="1")


def test_bottleneck(run):
    run("bottleneck", "up", MIN_MS="0", MAX_MS="300")
    assert "Score: 100/100" in run("bottleneck", "test")


def test_bottleneck_sampled(run):
    run("bottleneck", "up", MIN_MS="0", MAX_MS="5")
    run("bottleneck", "sample", "0.01", "0.001", REQUESTS="300")


def test_three_tier(run):
    run("three-tier", "up", MIN_MS="10", MAX_MS="40")
    printed = run("three-tier", "test")
    assert printed.count("Score: 100/100") == 2, printed
    run("three-tier", "sample", "0.1", REQUESTS="200")


def test_collector(run):
    if not (BUILD / "tools/collector/otelcol").exists():
        pytest.skip("the Collector is not built (make collector)")
    run("collector", "up")
    printed = run("collector", "test")
    assert printed.count("Score: 100/100") == 2, printed
    assert "listens on port 5000" in printed, printed


def test_buy_item(run):
    missing = [tool for tool in ("node", "javac") if not shutil.which(tool)]
    if missing or not golang.go():
        pytest.skip(f"{', '.join(missing) or 'Go'} is not installed")
    run("buy-item", "build")
    run("buy-item", "up")
    assert "Score: 100/100" in run("buy-item", "test")


def test_hotrod(run):
    if not JAEGER.with_name("hotrod").exists():
        pytest.skip("hotrod is not built (make jaeger)")
    run("hotrod", "up")
    printed = run("hotrod", "test")
    assert "Score: 100/100" in printed and "not decoded: HTTP/2" in printed, printed


@pytest.mark.skipif(not sdk.READY.exists(), reason=sdk.MISSING)
@pytest.mark.parametrize("example", ["bottleneck", "three-tier"])
def test_span_of_an_sdk_is_in_the_trace(run, example):
    run(example, "up", MIN_MS="10", MAX_MS="40")
    assert "Score: 100/100" in run(example, "sdk")
