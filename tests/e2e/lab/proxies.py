# SPDX-License-Identifier: GPL-2.0-only
"""Reverse proxies that keep a small pool of connections to the backend."""

NGINX = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_requests 100000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream back {{ server {backend}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""

HAPROXY = """
global
  nbthread 2
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  http-reuse always
  server b {backend} maxconn 16
"""


def configured(lab, name, template, env):
    path = lab.folder / name
    path.write_text(template.format(folder=lab.folder, port=env["PORT"],
                                    backend=env["BACKEND"].removeprefix("http://")))
    return path


def nginx(_case, lab, env):
    return ["nginx", "-p", lab.folder, "-c", configured(lab, "nginx.conf", NGINX, env)]


def haproxy(_case, lab, env):
    return ["haproxy", "-db", "-f", configured(lab, "haproxy.cfg", HAPROXY, env)]
