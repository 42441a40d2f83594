#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""SPDX 2.3 of a program: every shared library that it is linked with, by the Debian package that has it.

sbom.py PROGRAM VERSION COMMIT
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

ROOT = "SPDXRef-ebpf-tracer"


def run(*args):
    return subprocess.run(args, check=True, capture_output=True, text=True).stdout


def owner(path):
    """(package, version) of a file; with merged /usr dpkg may know it by its other name."""
    for name in (path, os.path.realpath(path), re.sub("^/usr", "", os.path.realpath(path))):
        found = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True, check=False).stdout
        if found:
            package = found.split(": ")[0].split(",")[0]
            return run("dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}", package).split(" ")
    return None


def libraries(program):
    """name -> path of all that the loader maps."""
    return dict(re.findall(r"^\s*(\S+) => (\S+)", run("ldd", program), re.M))


def package(ident, name, version, arch):
    return {
        "SPDXID": ident, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": f"pkg:deb/debian/{name}@{version}?arch={arch}"}],
    }


def main():
    program, version, commit = sys.argv[1:]
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "-d", program)))
    digest = hashlib.sha256(Path(program).read_bytes()).hexdigest()
    packages = {ROOT: {
        "SPDXID": ROOT, "name": "ebpf-tracer", "versionInfo": f"{version}+{commit}", "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False, "licenseConcluded": "GPL-2.0-only", "licenseDeclared": "GPL-2.0-only",
        "copyrightText": "NOASSERTION", "checksums": [{"algorithm": "SHA256", "checksumValue": digest}],
        "primaryPackagePurpose": "APPLICATION",
    }}
    links = {("SPDXRef-DOCUMENT", "DESCRIBES", ROOT)}
    for name, path in libraries(program).items():
        found = owner(path)
        if not found:
            sys.exit(f"sbom: no package has '{path}'")
        ident = "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", found[0])
        packages[ident] = package(ident, *found)
        links.add((ROOT, "DYNAMIC_LINK" if name in needed else "DEPENDS_ON", ident))
    made = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), timezone.utc)
    print(json.dumps({
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"ebpf-tracer-{version}", "documentNamespace": f"urn:ebpf-tracer:{version}:{commit}:{digest[:16]}",
        "creationInfo": {"created": made.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: packaging/sbom.py"]},
        "packages": [packages[k] for k in sorted(packages)],
        "relationships": [{"spdxElementId": a, "relationshipType": t, "relatedSpdxElement": b}
                          for a, t, b in sorted(links)],
    }, indent=1))


if __name__ == "__main__":
    main()
