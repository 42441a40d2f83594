# SPDX-License-Identifier: GPL-2.0-only
"""Requests of the examples' checks: plain ones, that know of no trace."""

import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor


def get(url):
    """(status, headers, body)"""
    try:
        with urllib.request.urlopen(url, timeout=60) as r:
            return r.status, r.headers, r.read()
    except urllib.error.HTTPError as e:
        with e:
            return e.code, e.headers, e.read()


def status(url):
    return get(url)[0]


def many(url, count, at_once=8):
    """How many of the requests were answered with each status."""
    with ThreadPoolExecutor(at_once) as pool:
        codes = list(pool.map(status, [url] * count))
    return {code: codes.count(code) for code in sorted(set(codes))}
