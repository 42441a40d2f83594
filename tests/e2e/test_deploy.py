# SPDX-License-Identifier: GPL-2.0-only
"""The manifests, the container's recipe and the unit: valid, and asking for the rights that are enough and no more."""

import re
import shutil
import subprocess

import pytest
from lab.procs import BUILD, ROOT, TRACER
from test_rights import ENOUGH

DEPLOY = ROOT / "examples/deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
VALIDATE = BUILD / "tools/validate/bin"


def holds(*command):
    done = subprocess.run(command, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda m: m.stem)
def test_manifest_is_valid(manifest):
    if not VALIDATE.exists():
        pytest.skip("kubernetes-validate is not installed (make validate)")
    holds(VALIDATE / "kubernetes-validate", "--strict", "-k", "1.36", manifest)


def test_container_recipe_is_clean():
    if not VALIDATE.exists():
        pytest.skip("hadolint is not installed (make validate)")
    holds(VALIDATE / "hadolint", DEPLOY / "Containerfile")


def test_container_has_every_library():
    needed = re.findall(r"NEEDED.*\[(.*)\]", subprocess.check_output(["readelf", "-d", TRACER], text=True))
    loaded = dict(re.findall(r"(\S+) => (/\S+)", subprocess.check_output(["ldd", TRACER], text=True)))
    found = subprocess.check_output(["dpkg", "-S", *(f"*{loaded[library]}" for library in needed)], text=True)
    owners = {line.split(":")[0] for line in found.splitlines()} - {"libc6"}
    packages = (DEPLOY / "Containerfile").read_text(encoding="utf-8").split("FROM")[-1].split()
    assert owners and owners <= set(packages), owners - set(packages)


def test_unit_is_valid(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    unit = tmp_path / "ebpf-tracer.service"
    text = (DEPLOY / unit.name).read_text(encoding="utf-8")
    unit.write_text(text.replace("/usr/local/bin/ebpf-tracer", str(TRACER)), encoding="utf-8")
    holds("systemd-analyze", "verify", "--man=no", unit)


def test_rights_are_those_that_are_enough():
    enough = {cap.upper() for cap in ENOUGH}
    for name in ("daemonset", "sidecar"):
        added = re.findall(r"add: \[(.*)\]", (DEPLOY / f"kubernetes/{name}.yaml").read_text(encoding="utf-8"))
        assert [set(x.split(", ")) for x in added] == [enough], name
    unit = (DEPLOY / "ebpf-tracer.service").read_text(encoding="utf-8")
    for key in ("AmbientCapabilities", "CapabilityBoundingSet"):
        listed, = re.findall(rf"^{key}=(.*)$", unit, re.M)
        assert {x.removeprefix("CAP_") for x in listed.split()} == enough, key
