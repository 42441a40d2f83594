/* SPDX-License-Identifier: GPL-2.0-only */
/* Any protobuf message as OTLP/JSON, by walking its descriptor: what is sent is described once, in otlp.proto. */
#ifndef EXPORT_JSON_MESSAGE_H
#define EXPORT_JSON_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"

/* Appends the message as one line without a newline. 0; -ENOMEM, -E2BIG: part of it may have been appended. */
int json_message(struct buf *out, const ProtobufCMessage *msg) __must_check;

#endif
