# SPDX-License-Identifier: GPL-2.0-only
"""Reverse proxies that keep a small pool of connections to the backend, and nginx before PHP's FastCGI workers."""

import shutil
from pathlib import Path

from lab.procs import SERVICES, free_port, listens, wait_until

NGINX = """
daemon off; user root; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_requests 100000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream back {{ server {backend}; keepalive 16; }}
  upstream fpm {{ server {fpm}; {keep} }}
  server {{
    listen 127.0.0.1:{port};
    location /data {{ proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    location /work {{
      fastcgi_pass fpm; fastcgi_keep_conn {kept}; include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME {php};
    }}
  }}
}}
"""

FPM = """
[global]
error_log = {folder}/fpm.log
daemonize = no
[www]
listen = {fpm}
user = root
pm = static
pm.max_children = 16
clear_env = no
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

CADDY = """
{{
  admin off
}}
:{port} {{
  bind 127.0.0.1
  reverse_proxy {backend}
}}
"""


def configured(lab, name, template, env, fpm="127.0.0.1:9", keep=""):
    path = lab.folder / name
    path.write_text(template.format(folder=lab.folder, port=env["PORT"], php=env.get("PHP", SERVICES / "front.php"), fpm=fpm, keep=keep,
                                    kept="on" if keep else "off", backend=env["BACKEND"].removeprefix("http://")))
    return path


def nginx(_case, lab, env):
    return ["nginx", "-p", lab.folder, "-c", configured(lab, "nginx.conf", NGINX, env)]


def php_fpm():
    """Debian names it by version."""
    return next(iter(sorted(Path("/usr/sbin").glob("php-fpm[0-9]*"))), None)


def missing_fpm():
    return None if php_fpm() and shutil.which("nginx", path="/usr/sbin:/usr/bin") else "no php-fpm and nginx"


def start_fpm(lab, env, how):
    """(PHP, the command for nginx before it). how: unix, tcp, or keep: few connections, each keeps a worker of PHP's."""
    at = f"127.0.0.1:{free_port()}" if how == "tcp" else f"{lab.folder}/fpm.sock"
    fpm = lab.start("fpm", [php_fpm(), "-R", "-n", "-y", configured(lab, "fpm.conf", FPM, env, fpm=at)], env)
    wait_until(lambda: listens(int(at.split(":")[1])) if how == "tcp" else Path(at).exists(), what="socket of php-fpm")
    conf = configured(lab, "nginx.conf", NGINX, env, fpm=at if how == "tcp" else f"unix:{at}",
                      keep="keepalive 4;" if how == "keep" else "")
    return fpm, ["nginx", "-p", lab.folder, "-c", conf]


def nginx_fpm(case, lab, env):
    return start_fpm(lab, env, case.how)[1]


def haproxy(_case, lab, env):
    return ["haproxy", "-db", "-f", configured(lab, "haproxy.cfg", HAPROXY, env)]


def caddy(_case, lab, env):
    """Debian 12 builds it with Go 1.19."""
    return ["caddy", "run", "--adapter", "caddyfile", "--config", configured(lab, "Caddyfile", CADDY, env)]
