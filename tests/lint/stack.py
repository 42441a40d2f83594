#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""stack.py OBJECT...: how much stack the kernel's programs take along their deepest chain of calls.

Linux refuses a program with a chain of calls that is longer than 8 functions or needs more than 512 bytes of stack. 5.10
and 6.1 count each function as a multiple of 32 bytes, and every call; newer kernels are more generous, so that a program
which has grown too deep is not noticed on them.
"""

import math
import struct
import sys
from pathlib import Path

STACK_MAX, FUNCTIONS_MAX, ROUND = 512, 8, 32
FRAME_POINTER = 10
SHT_SYMTAB, SHT_REL, SHF_EXECINSTR, STT_FUNC = 2, 9, 4, 2
# Of an instruction's operation the kind, which is in its lower three bits, and some operations.
LOAD, STORE_NUMBER, STORE, JUMP = 1, 2, 3, 5
CALL, ADD_NUMBER, COPY, LOAD_ADDRESS = 0x85, 0x07, 0xBF, 0x18
OWN_FUNCTION = 1	# in the source register of a CALL; else a helper of the kernel


class Function:
    """How deep its own frame is, and where those functions begin that it calls."""

    def __init__(self, name, program):
        self.name, self.program, self.frame, self.callees = name, program, 0, []

    def stack(self):
        return max(-(-self.frame // ROUND), 1) * ROUND


class Object:
    """functions: {(section, offset): Function}"""

    def __init__(self, path):
        self.data = Path(path).read_bytes()
        at, = struct.unpack_from("<Q", self.data, 40)
        size, cnt, names = struct.unpack_from("<HHH", self.data, 58)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.data, at + n * size) for n in range(cnt)]
        symtab = next(s for s in self.sections if s[1] == SHT_SYMTAB)
        symbols = self.table(symtab, "<IBBHQQ")
        self.symbol_at = {(s[7], offset): symbols[info >> 32][3:5]
                          for s in self.sections if s[1] == SHT_REL for offset, info in self.table(s, "<QQ")}
        self.functions = {}
        for name, kind, _, section, value, sz in symbols:
            if kind & 15 == STT_FUNC:
                program = self.string(names, self.sections[section][0]) != ".text"
                one = self.functions[section, value] = Function(self.string(symtab[6], name), program)
                self.decode(one, section, value, sz)

    def bytes_of(self, section):
        return self.data[section[4]:section[4] + section[5]]

    def table(self, section, layout):
        return list(struct.iter_unpack(layout, self.bytes_of(section)))

    def string(self, section, at):
        return self.bytes_of(self.sections[section])[at:].split(b"\0", 1)[0].decode()

    def callee(self, place, op, src, number):
        """Where the function begins that an instruction calls, or hands to a helper that does; None: it does neither."""
        section, at = self.symbol_at.get(place, place)
        if op == CALL and src == OWN_FUNCTION:
            return section, at + (number + 1) * 8
        if op == LOAD_ADDRESS and place in self.symbol_at and self.sections[section][2] & SHF_EXECINSTR:
            return section, at + number
        return None

    def decode(self, function, section, start, sz):
        """Follows the frame pointer from register to register: the lowest address made of it is the frame's end."""
        points = {FRAME_POINTER: 0}
        code = self.bytes_of(self.sections[section])[start:start + sz]
        for n, (op, registers, offset, number) in enumerate(struct.iter_unpack("<BBhi", code)):
            dst, src, kind = registers & 15, registers >> 4, op & 7
            base = src if kind == LOAD else dst if kind in (STORE_NUMBER, STORE) else None
            callee = self.callee((section, start + n * 8), op, src, number)
            if callee:
                function.callees.append(callee)
            if base in points:
                function.frame = max(function.frame, -(points[base] + offset))
            if op == ADD_NUMBER and dst in points:
                points[dst] += number
                function.frame = max(function.frame, -points[dst])
            elif op == COPY and src in points:
                points[dst] = points[src]
            elif kind not in (STORE_NUMBER, STORE, JUMP):
                points.pop(dst, None)


def deepest(functions, at, weight, known):
    """(sum of the weights, functions) of the heaviest chain of calls that begins there; endless if it comes back."""
    if at not in known:
        one = functions[at]
        known[at] = math.inf, []
        below = [deepest(functions, x, weight, known) for x in one.callees]
        most, chain = max(below, key=lambda x: x[0], default=(0, []))
        known[at] = most + weight(one), [one, *chain]
    return known[at]


def complaints(functions):
    """The worst program by each of the two limits."""
    for weight, limit, unit in ((Function.stack, STACK_MAX, "bytes of stack"), (lambda _: 1, FUNCTIONS_MAX, "functions")):
        known = {}
        chains = [deepest(functions, at, weight, known) for at, one in functions.items() if one.program]
        most, chain = max(chains, key=lambda x: x[0])
        if most > limit:
            too_deep = sum(x[0] > limit for x in chains)
            yield (f"{' > '.join(f'{x.name}() {x.stack()}' for x in chain)} takes {most} {unit}, at most {limit} are "
                   f"allowed; so do {too_deep} programs of {len(chains)}")


def main():
    status = 0
    for path in sys.argv[1:]:
        for text in complaints(Object(path).functions):
            print(f"{path}: {text}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
