# SPDX-License-Identifier: GPL-2.0-only
"""The .NET service of the scenarios, compiled once for Mono."""

import shutil
import subprocess
from pathlib import Path

from lab.procs import BUILD, SERVICES

LIBRARY = "/usr/lib/mono/4.5/System.Net.Http.dll"


def missing():
    there = shutil.which("mono") and shutil.which("mcs") and Path(LIBRARY).exists()
    return None if there else "no Mono with System.Net.Http"


def service():
    """The command that runs the front."""
    source, out = SERVICES / "mono/Front.cs", BUILD / "tests/e2e/Front.exe"
    if not out.exists() or out.stat().st_mtime < source.stat().st_mtime:
        out.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mcs", f"-r:{LIBRARY}", f"-out:{out}", source], check=True)
    return ["mono", out]
