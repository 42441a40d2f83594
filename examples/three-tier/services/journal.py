# SPDX-License-Identifier: GPL-2.0-only
"""The journal of a service: a line per request, with the number that the request carries from service to service.

Whoever is first to see a request gives it a number, X-Request-Id, as gateways do. Nothing here knows of tracing.
"""
import logging
import sys
import uuid

from flask import g, request


def keep(app, service):
    logging.basicConfig(stream=sys.stdout, level=logging.INFO,
                        format=f"%(asctime)s {service} %(levelname)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)

    @app.before_request
    def number():
        g.request_id = request.headers.get("X-Request-Id") or uuid.uuid4().hex

    @app.after_request
    def note(response):
        response.headers["X-Request-Id"] = g.request_id
        say(f"{request.method} {request.path} {response.status_code}")
        return response


def say(text):
    logging.info("request_id=%s %s", g.request_id, text)


def headers():
    """For calls that belong to this request."""
    return {"X-Request-Id": g.request_id}
