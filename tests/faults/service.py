# SPDX-License-Identifier: GPL-2.0-only
"""The victim: answers at once, and does to itself what a path asks for: /exec, /forks/N, /slow/SECONDS.

It says when it begins, and when it begins to be slow.
"""

import os
import sys
import time

from plain import Plain, serve


class Service(Plain):
    def do_GET(self):
        what, _, n = self.path.strip("/").partition("/")
        if what == "forks":
            fork(int(n))
        elif what == "slow":
            print("slow", flush=True)
            time.sleep(float(n))
        self.answer(f"{os.getpid()}".encode())
        if what == "exec":
            os.execv(sys.executable, [sys.executable, *sys.argv])


def fork(n):
    for _ in range(n):
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)


print("begins", flush=True)
serve(Service)
