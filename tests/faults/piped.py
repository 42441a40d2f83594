# SPDX-License-Identifier: GPL-2.0-only
"""
A service that is taken for Java, and where its library was there is now a pipe that nobody writes to:
python piped.py FOLDER, in a mount namespace of its own, with PORT in the environment.
"""

import ctypes
import mmap
import os
import shutil
import sys

from plain import serve

MS_BIND = 4096


def map_library(folder):
    library, pipe = f"{folder}/libjvm.so", f"{folder}/pipe"
    shutil.copy("/bin/true", library)
    os.mkfifo(pipe)
    with open(library, "rb") as f:
        kept = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(pipe.encode(), library.encode(), None, MS_BIND, None):
        raise OSError(ctypes.get_errno(), "mount")
    return kept


LIBRARY = map_library(sys.argv[1])
serve()
