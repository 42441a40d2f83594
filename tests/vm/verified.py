# SPDX-License-Identifier: GPL-2.0-only
"""How many instructions the verifier walked for each program that is loaded (since Linux 5.16), asked of bpf(2): the
bpftool of Debian 12 does not tell."""

import ctypes
import os
import platform
import struct

BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PROG_GET_NEXT_ID, PROG_GET_FD_BY_ID, OBJ_GET_INFO_BY_FD = 11, 13, 15
INFO_SIZE = 256
NAME_AT, VERIFIED_AT = 64, 216		# struct bpf_prog_info: name, verified_insns

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    """The result or None; attr is a ctypes buffer that the kernel may fill."""
    result = libc.syscall(BPF, command, attr, len(attr))
    return None if result < 0 else result


def info_of(fd):
    info = ctypes.create_string_buffer(INFO_SIZE)
    attr = ctypes.create_string_buffer(struct.pack("=IIQ", fd, INFO_SIZE, ctypes.addressof(info)), 16)
    bpf(OBJ_GET_INFO_BY_FD, attr)
    name = info.raw[NAME_AT:NAME_AT + 16].split(b"\0")[0].decode()
    return name, struct.unpack_from("=I", info.raw, VERIFIED_AT)[0]


def verified():
    """{program: instructions}; 0 where the kernel keeps no count."""
    counts, last = {}, 0
    while True:
        attr = ctypes.create_string_buffer(struct.pack("=III", last, 0, 0), 12)
        if bpf(PROG_GET_NEXT_ID, attr) is None:
            return counts
        last = struct.unpack_from("=I", attr.raw, 4)[0]
        fd = bpf(PROG_GET_FD_BY_ID, ctypes.create_string_buffer(struct.pack("=III", last, 0, 0), 12))
        if fd is not None:
            name, insns = info_of(fd)
            counts[name] = insns
            os.close(fd)
