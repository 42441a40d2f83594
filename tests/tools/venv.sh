#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: venv.sh OUT NAME    a Python with the packages of NAME/requirements.txt in OUT/NAME, once.
set -eu
here=$(dirname "$(readlink -f "$0")")
out=$(mkdir -p "$1" && readlink -f "$1")/$2
if [ -e "$out/ready" ]; then
	exit 0
fi
"${PYTHON:-python3}" -m venv "$out"
"$out/bin/pip" install --quiet --requirement "$here/$2/requirements.txt"
touch "$out/ready"
