# SPDX-License-Identifier: GPL-2.0-only
"""Calls BACKEND and then becomes the Python program that its arguments name, as a server does that reloads itself."""
import os
import sys
import urllib.request

urllib.request.urlopen(os.environ["BACKEND"] + "/data/before", timeout=60).read()
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
