# SPDX-License-Identifier: GPL-2.0-only
"""Usage: sample.py URL SERVICE RATIO    sends many requests to a tracer that keeps a part, and counts what was kept.

REQUESTS (1000).  Fails when that is further from the ratio than chance explains, or when a trace was kept in part.
"""

import math
import os
import sys
import time

import client
import jaeger

REQUESTS = int(os.environ.get("REQUESTS", 1000))


def main(url, service, ratio):
    began = jaeger.now()
    client.many(url, REQUESTS, at_once=16)
    time.sleep(2)  # nothing says that no more will come; spans are there within a second
    kept = jaeger.traces(service, began)
    torn = [t for t in kept if len(t.roots()) != 1 or len(t.spans) != len(kept[0].spans)]
    print(f"{REQUESTS} requests at {ratio}: {len(kept)} traces kept, {len(torn)} of them in part")
    expected = REQUESTS * ratio
    chance = 5 * math.sqrt(expected * (1 - ratio)) + 1
    return 1 if torn or abs(len(kept) - expected) > chance else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
