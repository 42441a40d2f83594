# SPDX-License-Identifier: GPL-2.0-only
"""A network of one's own: what listens on fixed ports meets nobody else's."""

import ctypes
import os
import subprocess
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000


def call(name, *args):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*args):
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


@contextmanager
def own_network():
    """This thread, and what it starts meanwhile, has only a loopback device."""
    with open("/proc/thread-self/ns/net", encoding="ascii") as before:
        call("unshare", CLONE_NEWNET)
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            yield
        finally:
            call("setns", before.fileno(), CLONE_NEWNET)
