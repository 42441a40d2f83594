# SPDX-License-Identifier: GPL-2.0-only
"""OTLP as it travels: every protocol, over TLS, a socket of this machine, a proxy, with headers, to the real Jaeger."""

import os
import shutil
import subprocess

import pytest
from lab.jaeger import tags_of
from lab.procs import ROOT, TRACER, free_port, wait_until

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin")
OPENSSL = shutil.which("openssl")
RECORDING = ROOT / "tests/replay/two-services.rec"
SPANS = 36  # of the recording

# In front of Jaeger: what a gateway does. Jaeger itself has neither TLS nor passwords here.
CONF = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr warn;
events {{ worker_connections 64; }}
http {{
    log_format gateway '$server_name $status "$http_user_agent" "$http_content_encoding" "$http_grpc_timeout"';
    access_log {folder}/access.log gateway; client_max_body_size 64m; keepalive_requests 10000;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;
    server {{ server_name tls; listen 127.0.0.1:{tls} ssl;
              location / {{ proxy_pass http://127.0.0.1:{http}; }} }}
    server {{ server_name mutual; listen 127.0.0.1:{mutual} ssl;
              ssl_client_certificate {folder}/ca.pem; ssl_verify_client on;
              location / {{ proxy_pass http://127.0.0.1:{http}; }} }}
    server {{ server_name grpcs; listen 127.0.0.1:{grpcs} ssl http2;
              location / {{ grpc_pass grpc://127.0.0.1:{grpc}; }} }}
    server {{ server_name unix; listen unix:{folder}/otlp.sock;
              location / {{ proxy_pass http://127.0.0.1:{http}; }} }}
    server {{ server_name key; listen 127.0.0.1:{key};
              if ($http_x_key != "secret, with comma") {{ return 401; }}
              location / {{ proxy_pass http://127.0.0.1:{http}; }} }}
    server {{ server_name proxy; listen 127.0.0.1:{proxy};
              location / {{ proxy_pass http://127.0.0.1:{http}; }} }}
}}
"""


def openssl(folder, *args):
    subprocess.run([OPENSSL, *args], cwd=folder, check=True, capture_output=True)


def make_certificates(folder):
    """ca.pem, and signed by it server.pem and client.pem, each with its .key"""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(folder, "req", "-x509", *curve, "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    for name in ("server", "client"):
        openssl(folder, "req", *curve, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-extfile", "san", "-out", f"{name}.pem", "-days", "2")


@pytest.fixture
def gateway(lab, jaeger):
    if not NGINX or not OPENSSL:
        pytest.skip("nginx or openssl is not installed")
    ports = {name: free_port() for name in ("tls", "mutual", "grpcs", "key", "proxy")}
    make_certificates(lab.folder)
    conf = lab.folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    conf.write_text(user + CONF.format(folder=lab.folder, http=jaeger.otlp, grpc=jaeger.otlp_grpc, **ports))
    lab.serve("nginx", [NGINX, "-c", conf, "-p", lab.folder, "-e", "stderr"], ports["proxy"])
    return ports


def send(name, *args, timeout=60, **env):
    """Replays the recording to where args and env say; returns (exit status, what the tracer said)."""
    done = subprocess.run([TRACER, "--replay", RECORDING, "--exporter", "otlp", "--service-name", name, *args],
                          env={"PATH": os.environ["PATH"], **env}, capture_output=True, text=True, timeout=timeout,
                          check=False)
    return done.returncode, done.stderr


def arrived(jaeger, name):
    spans = {s["spanID"] for t in jaeger.traces(name) for s in t["spans"]}
    return len(spans)


def check_arrives(jaeger, name, *args, **env):
    status, said = send(name, *args, **env)
    assert status == 0 and f"{SPANS} sent, 0 rejected by the backend, 0 failed" in said, f"{name}: {said}"
    wait_until(lambda: arrived(jaeger, name) == SPANS, 10, f"spans of {name} (there are {arrived(jaeger, name)})")
    assert "warn" not in said.lower() and "ignoring" not in said, f"{name}: {said}"


def test_protocols_and_compression(jaeger):
    http, grpc = jaeger.endpoint, f"http://127.0.0.1:{jaeger.otlp_grpc}"
    gzip = {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}
    # Few spans in each request: many requests on each connection.
    small = {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2"}
    check_arrives(jaeger, "protobuf", "--endpoint", http, **small)
    check_arrives(jaeger, "protobuf-gzip", "--endpoint", http, **small, **gzip)
    check_arrives(jaeger, "json", "--endpoint", http, "--protocol", "http/json", **small)
    check_arrives(jaeger, "json-gzip", "--endpoint", http, "--protocol", "http/json", **small, **gzip)
    check_arrives(jaeger, "grpc", "--endpoint", grpc, "--protocol", "grpc", **small)
    check_arrives(jaeger, "grpc-gzip", "--endpoint", grpc, "--protocol", "grpc", **small, **gzip)
    check_arrives(jaeger, "insecure", OTEL_EXPORTER_OTLP_PROTOCOL="grpc", OTEL_EXPORTER_OTLP_INSECURE="true",
                  OTEL_EXPORTER_OTLP_ENDPOINT=f"127.0.0.1:{jaeger.otlp_grpc}")


def test_tls(lab, jaeger, gateway):
    ca = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(lab.folder / "ca.pem")}
    own = {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(lab.folder / "client.pem"),
           "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(lab.folder / "client.key")}
    check_arrives(jaeger, "tls", "--endpoint", f"https://127.0.0.1:{gateway['tls']}", **ca)
    check_arrives(jaeger, "mutual", "--endpoint", f"https://127.0.0.1:{gateway['mutual']}", **ca, **own)
    check_arrives(jaeger, "grpcs", "--endpoint", f"https://127.0.0.1:{gateway['grpcs']}", "--protocol", "grpc", **ca)
    assert '"99' in (lab.folder / "access.log").read_text().split("grpcs", 1)[1], "no grpc-timeout"
    refusals = {
        "unknown-ca": ("tls", {}, "certificate"),
        "no-certificate": ("mutual", ca, "400"),
    }
    for name, (where, env, why) in refusals.items():
        status, said = send(name, "--endpoint", f"https://127.0.0.1:{gateway[where]}",
                            OTEL_EXPORTER_OTLP_TIMEOUT="500", **env)
        assert status == 0 and "0 sent" in said and why in said, f"{name}: {said}"
        assert not arrived(jaeger, name)


def test_socket_headers_and_proxy(lab, jaeger, gateway):
    check_arrives(jaeger, "unix", "--endpoint", f"unix:{lab.folder}/otlp.sock")
    check_arrives(jaeger, "proxy", "--endpoint", "http://collector.example:4318",
                  http_proxy=f"http://127.0.0.1:{gateway['proxy']}")
    url = f"http://127.0.0.1:{gateway['key']}"
    check_arrives(jaeger, "header", "--endpoint", url, OTEL_EXPORTER_OTLP_HEADERS="x-key=secret%2C%20with%20comma")
    status, said = send("no-header", "--endpoint", url)
    assert status == 0 and "401" in said and f"{SPANS} rejected" in said, said


def test_limits_on_attributes(jaeger):
    check_arrives(jaeger, "limited", "--endpoint", jaeger.endpoint, OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT="3",
                  OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT="4")
    (span, *_) = jaeger.traces("limited")[0]["spans"]
    own = {k: v for k, v in tags_of(span).items() if k.startswith(("http.", "url.", "network.", "server."))}
    assert own and len(own) <= 3 and all(len(str(v)) <= 4 for v in own.values()), own
