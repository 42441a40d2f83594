# SPDX-License-Identifier: GPL-2.0-only
"""
A service that is taken for Node, and on whose stack are pointers into a file of a file system (FUSE) which never answers
a read: python silent.py FOLDER FILE, in a mount namespace of its own, with PORT and a long ROOM in the environment.
"""

import ctypes
import os
import struct
import sys
import threading

from plain import serve

LOOKUP, GETATTR, OPEN, READ, INIT = 1, 3, 14, 15, 26
ENOSYS = 38
MAP_SHARED_FIXED = 0x11
AT = 0x7e0000000000
PAGE = 4096

libc = ctypes.CDLL(None, use_errno=True)


def attributes(node):
    mode = 0o40755 if node == 1 else 0o100644
    return struct.pack("<QQQQQQIIIIIIIIII", node, PAGE, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, PAGE, 0)


ANSWERS = {
    INIT: lambda node: struct.pack("<IIIIHHII", 7, 31, 0, 0, 1, 1, 65536, 1) + bytes(32),
    LOOKUP: lambda node: struct.pack("<QQQQII", 2, 1, 1, 1, 0, 0) + attributes(2),
    GETATTR: lambda node: struct.pack("<QII", 1, 0, 0) + attributes(node),
    OPEN: lambda node: struct.pack("<QII", 1, 0, 0),
}


def answer(device):
    while True:
        _, what, unique, node = struct.unpack_from("<IIQQ", os.read(device, 1 << 20))
        if what == READ:
            continue
        body = ANSWERS[what](node) if what in ANSWERS else b""
        os.write(device, struct.pack("<IiQ", 16 + len(body), 0 if body else -ENOSYS, unique) + body)


def check(ok):
    if not ok:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def map_silence(folder, name):
    device = os.open("/dev/fuse", os.O_RDWR)
    check(libc.mount(b"silent", folder.encode(), b"fuse", 0, b"fd=%d,rootmode=40000,user_id=0,group_id=0" % device) == 0)
    threading.Thread(target=answer, args=(device,), daemon=True).start()
    file = os.open(f"{folder}/{name}", os.O_RDONLY)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    check(libc.mmap(AT, PAGE, 1, MAP_SHARED_FIXED, file, 0) == AT)
    os.close(file)


def point_there_from_the_stack():
    libc.getenv.restype = ctypes.c_void_p
    room = libc.getenv(b"ROOM") + 8 & ~7
    ctypes.memmove(room, struct.pack("<64Q", *[AT] * 64), 512)


map_silence(sys.argv[1], sys.argv[2])
point_there_from_the_stack()
serve()
