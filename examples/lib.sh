# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the run.sh of every example is made of. An example sets what it needs and says how to start:
#
#     . "$(dirname "$0")/../lib.sh"
#     lab_install() { ...; }    what it needs beside the tracer and Jaeger
#     lab_up() { ...; }         start its services
#     lab_trace() { ...; }      start the tracer on them: tracer_up --port ... "$@"
#     lab_test() { ...; }       send requests, look at what Jaeger has; without it the program "check" beside run.sh does
#     lab "$@"
#
# Everything started here is in $state: NAME.pid and NAME.log, and the order of their start.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
output=$(readlink -m "${OUTPUT:-$root/build}")
tools=$output/tools
state=$output/examples/$(basename "$here")
python=${PYTHON:-/usr/bin/python3}
jaeger=${JAEGER:-http://localhost:16686}
sudo=$([ "$(id -u)" = 0 ] || echo sudo)

say() {
	printf '==> %s\n' "$*" >&2
}

die() {
	printf '%s: %s\n' "$(basename "$here")" "$*" >&2
	exit 1
}

# need_debian PACKAGE...: installs those that are missing
need_debian() {
	local p missing=()
	for p; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
	done
	[ ${#missing[@]} = 0 ] || { $sudo apt-get update -q && $sudo apt-get install -qy --no-install-recommends "${missing[@]}"; }
}

answers() {
	"$python" - "$1" 2>/dev/null <<-'END'
		import sys, urllib.error, urllib.request
		try:
		    urllib.request.urlopen(sys.argv[1], timeout=2).close()
		except urllib.error.HTTPError:
		    pass
	END
}

listens() {
	(exec 3<>"/dev/tcp/localhost/$1") 2>/dev/null
}

# --- processes ---
age_of() {
	# The time of its start tells a process from a later one of the same number. One that has ended has none, even if
	# nobody has taken note yet.
	sed 's/.*) //; /^Z/d' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}

runs() {
	local pid age
	[ -e "$state/$1.pid" ] && read -r pid age <"$state/$1.pid" && [ "$(age_of "$pid")" = "$age" ]
}

pid_of() {
	cut -d' ' -f1 "$state/$1.pid"
}

# start NAME COMMAND...
start() {
	local name=$1
	shift
	! runs "$name" || die "$name is running already: ./run.sh down"
	setsid "$@" </dev/null >"$state/$name.log" 2>&1 &
	echo "$! $(age_of $!)" >"$state/$name.pid"
	echo "$name" >>"$state/started"
}

# wait_for NAME SECONDS WHAT CONDITION...: until the condition holds; the end of NAME's log if it never does
wait_for() {
	local name=$1 end=$((SECONDS + $2)) what=$3
	shift 3
	until "$@"; do
		runs "$name" && [ $SECONDS -lt $end ] || { tail -20 "$state/$name.log" >&2; die "$name: no $what"; }
		sleep 0.1
	done
}

# serve NAME PORT COMMAND...: a server, ready when it listens
serve() {
	local name=$1 port=$2
	shift 2
	! listens "$port" || die "port $port, which $name is to have, is taken"
	start "$name" "$@"
	wait_for "$name" 60 "server on port $port" listens "$port"
}

# instrumented NAME PORT SCRIPT: a server in Python as the tutorials run it, under OpenTelemetry's SDK
instrumented() {
	local otel=$tools/otelpy/bin
	[ -x "$otel/opentelemetry-instrument" ] || die "there is no SDK: ./run.sh install"
	serve "$1" "$2" env OTEL_SERVICE_NAME="$1" OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \
		OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none \
		OTEL_BSP_SCHEDULE_DELAY=200 "$otel/opentelemetry-instrument" "$otel/python" "$3"
}

stop() {
	local pid n signal=TERM
	runs "$1" || return 0
	pid=$(pid_of "$1")
	[ "$1" != jaeger ] || signal=KILL # it would wait for its clients, and has nothing to save
	$sudo kill -$signal "$pid"
	for ((n = 0; n < 100; n++)); do
		runs "$1" || return 0
		sleep 0.1
	done
	$sudo kill -9 "$pid"
}

# --- what every example has ---
# A Jaeger that is there already is used, and left alone in the end.
jaeger_up() {
	if answers "$jaeger/api/services"; then
		say "using the Jaeger at $jaeger"
		return
	fi
	[ -x "$tools/jaeger/jaeger" ] || die "there is no Jaeger: ./run.sh install"
	start jaeger "$tools/jaeger/jaeger" --config "$root/tests/tools/jaeger/config.yaml"
	wait_for jaeger 90 "answer at $jaeger" answers "$jaeger/api/services"
}

# tracer_up ARGUMENT...: returns when it traces. $tracer_env: NAME=VALUE for it, which sudo would keep from it.
tracer_env=
tracer_up() {
	[ -x "$output/ebpf-tracer" ] || die "the tracer is not built: ./run.sh install"
	say "ebpf-tracer $*"
	# shellcheck disable=SC2086 # sudo and the variable may be nothing
	start tracer $sudo env $tracer_env "$output/ebpf-tracer" "$@"
	wait_for tracer 60 "word of being ready" grep -q ready "$state/tracer.log"
}

# retrace ARGUMENT...: the tracer anew, on services that do not notice
retrace() {
	stop tracer
	lab_trace "$@"
}

# sample URL SERVICE RATIO...: what is left in Jaeger of many requests at each ratio
sample() {
	local url=$1 service=$2 ratio
	shift 2
	for ratio; do
		retrace --sample-ratio "$ratio"
		"$python" "$root/examples/sample.py" "$url" "$service" "$ratio"
	done
	retrace
}

lab_install() {
	:
}

lab_test() {
	"$python" "$here/check"
}

install() {
	# Apart: make asks once, when it starts, how to link what is installed.
	make -C "$root" OUTPUT="$output" deps-demo
	make -C "$root" OUTPUT="$output" all
	"$root/tests/tools/jaeger/build.sh" "$tools"
	lab_install
	say "installed; next: ./run.sh up"
}

up() {
	mkdir -p "$state"
	# What has come up goes down again when the rest does not.
	trap down EXIT
	jaeger_up
	lab_up
	lab_trace "$@"
	trap - EXIT
	say "up; Jaeger: $jaeger; next: ./run.sh test"
}

down() {
	local name
	[ -e "$state/started" ] || return 0
	tac "$state/started" | while read -r name; do stop "$name"; done
	rm "$state/started"
}

# lab VERB ARGUMENT...: what comes after "up" is for the tracer
lab() {
	local verb=${1:-}
	case $verb in
	install | up | down) shift; "$verb" "$@" ;;
	test) shift; lab_test "$@" ;;
	# What an example has beside these is its own.
	*)
		declare -F "lab_$verb" >/dev/null || die "usage: run.sh install|up [OPTION OF THE TRACER]...|test|down"
		shift
		"lab_$verb" "$@"
		;;
	esac
}
