# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of all scenarios, and what must be there for them to run at all."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lab import jaeger as jaeger_module  # noqa: E402
from lab.procs import TRACER, Lab  # noqa: E402


def pytest_collection_modifyitems(items):
    reason = None
    if os.geteuid() != 0:
        reason = "tracing needs root"
    elif not TRACER.exists():
        reason = f"{TRACER} is not built"
    for item in items:
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    yield lab
    lab.close()


@pytest.fixture
def jaeger(lab):
    if not jaeger_module.BINARY.exists():
        pytest.skip("Jaeger is not built (make jaeger)")
    return jaeger_module.Jaeger(lab)
