# SPDX-License-Identifier: GPL-2.0-only
"""Faults are played with the same lab as the end-to-end scenarios, see tests/e2e; its fixtures are theirs, too."""

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

spec = importlib.util.spec_from_file_location("e2e_conftest", HERE.parent / "e2e/conftest.py")
e2e = importlib.util.module_from_spec(spec)
spec.loader.exec_module(e2e)
lab, pytest_collection_modifyitems = e2e.lab, e2e.pytest_collection_modifyitems
