# SPDX-License-Identifier: GPL-2.0-only
"""How many instructions the verifier walked for each program of a tracer (since Linux 5.16), asked of bpf(2): the
bpftool of Debian 12 does not tell.  And how many it may: the record that `make kernels-update` writes."""

import ctypes
import os
import platform
import re
import struct
from pathlib import Path

RECORD = Path(__file__).resolve().parents[2] / "vm" / "verified.txt"
JUMP = 1.5				# times what is recorded fails
SMALL = 1000				# what is below needs no record
BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PROG_GET_FD_BY_ID, OBJ_GET_INFO_BY_FD = 13, 15
INFO_SIZE = 256
NAME_AT, VERIFIED_AT = 64, 216		# struct bpf_prog_info: name, verified_insns

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    """The result or None; attr is a ctypes buffer that the kernel may fill."""
    result = libc.syscall(BPF, command, attr, len(attr))
    return None if result < 0 else result


def programs_of(pid):
    """Their ids: others may trace on this machine too."""
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            found = re.search(r"^prog_tag:.*^prog_id:\s*(\d+)", entry.read_text(), re.M | re.S)
        except FileNotFoundError:	# a descriptor that was closed meanwhile
            continue
        if found:
            yield int(found[1])


def info_of(fd):
    info = ctypes.create_string_buffer(INFO_SIZE)
    attr = ctypes.create_string_buffer(struct.pack("=IIQ", fd, INFO_SIZE, ctypes.addressof(info)), 16)
    bpf(OBJ_GET_INFO_BY_FD, attr)
    name = info.raw[NAME_AT:NAME_AT + 16].split(b"\0")[0].decode()
    return name, struct.unpack_from("=I", info.raw, VERIFIED_AT)[0]


def verified(pid):
    """{program: instructions}; 0 where the kernel keeps no count."""
    counts = {}
    for number in set(programs_of(pid)):
        fd = bpf(PROG_GET_FD_BY_ID, ctypes.create_string_buffer(struct.pack("=III", number, 0, 0), 12))
        if fd is not None:
            name, insns = info_of(fd)
            counts[name] = insns
            os.close(fd)
    return counts


def recorded():
    """{kernel: {program: instructions}}"""
    head, *rows = [x.split() for x in RECORD.read_text().splitlines() if x and not x.startswith("#")]
    return {kernel: {row[0]: int(row[n]) for row in rows if row[n] != "-"} for n, kernel in enumerate(head[1:], 1)}


def jumps(counts, record):
    """A sentence for each program that has become much dearer to the verifier than its record says."""
    return [f"the verifier walks {insns} instructions of {program}, recorded are {record.get(program, 0)}: make it "
            f"cheaper, or run `make test-vm kernels-update` and have the difference reviewed"
            for program, insns in counts.items() if insns > max(SMALL, JUMP * record.get(program, 0))]
