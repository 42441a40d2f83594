/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "export/operations.h"
#include "export/path_shape.h"
#include "export/span_text.h"

#define LABEL_MAX 256
#define OTHERS    "(others)"

int operations_init(struct operations *o)
{
	memset(o, 0, sizeof(*o));
	list_init(&o->all);
	return hash_init(&o->by_name, 64);
}

static void operation_free(struct operation *op)
{
	free(op->service);
	free(op->label);
	free(op);
}

void operations_release(struct operations *o)
{
	struct operation *op, *tmp;

	list_for_each_safe (op, tmp, &o->all, node) {
		hash_del(&o->by_name, &op->by_name);
		list_del(&op->node);
		operation_free(op);
	}
	hash_release(&o->by_name);
}

struct key {
	bool call;
	const struct operation *caller;
	const char *service, *label;
};

static uint64_t text_key(const char *s)
{
	uint64_t key = 0;

	for (; *s; s++)
		key = hash_mix(key, (unsigned char)*s);
	return key;
}

static struct operation *find(const struct operations *o, uint64_t key, const struct key *k)
{
	struct hnode *h = hash_find(&o->by_name, key);

	for (; h; h = hash_next(h)) {
		struct operation *op = container_of(h, struct operation, by_name);

		if (op->call == k->call && op->caller == k->caller &&
		    !strcmp(op->service, k->service) && !strcmp(op->label, k->label))
			return op;
	}
	return NULL;
}

static struct operation *create(struct operations *o, uint64_t key, const struct key *k)
{
	struct operation *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	op->call = k->call;
	op->caller = k->caller;
	op->service = strdup(k->service);
	op->label = strdup(k->label);
	if (!op->service || !op->label) {
		operation_free(op);
		return NULL;
	}
	hash_add(&o->by_name, &op->by_name, key);
	list_push(&o->all, &op->node);
	return op;
}

/* NULL: out of memory. */
static struct operation *get(struct operations *o, const struct key *k)
{
	uint64_t key =
		hash_mix(text_key(k->service), hash_mix(text_key(k->label), (uintptr_t)k->caller));
	struct operation *op = find(o, key, k);

	if (op || o->by_name.n < OPERATIONS_MAX || !strcmp(k->label, OTHERS))
		return op ? op : create(o, key, k);
	return get(o, &(struct key){ k->call, NULL, k->service, OTHERS });
}

/* "GET /users/{id}": by its route if it has one, else by the shape of its path. */
static int put_operation(struct buf *out, const struct span *s)
{
	struct slice name = slice_str(s->name ? s->name : ""), where;

	if (attrs_find(&s->attrs, "http.route"))
		return buf_append(out, name.p, name.n);
	where = span_where(s);
	name = where.n ? slice_split(&name, ' ') : name;
	if (buf_append(out, name.p, name.n) || (where.n && buf_puts(out, " ")))
		return -ENOMEM;
	return path_shape(out, where);
}

/* What answers the call, if it was traced too. */
static const struct span *answerer(const struct tree_node *call)
{
	const struct tree_node *child = call->child;

	return child && child->span->kind == SPAN_SERVER ? child->span : NULL;
}

static int put_label(struct buf *out, const struct tree_node *node)
{
	const struct span *callee = node->span->kind == SPAN_CLIENT ? answerer(node) : NULL;

	if (!callee)
		return put_operation(out, node->span);
	if (buf_printf(out, "%s ", resource_service(callee->resource)))
		return -ENOMEM;
	return put_operation(out, callee);
}

/* The children stand in order of their start. */
static uint64_t own_ns(const struct tree_node *node)
{
	uint64_t at = node->span->start_ns, end = node->span->end_ns, own = 0;
	const struct tree_node *child;

	for (child = node->child; child && at < end; child = child->next) {
		if (child->span->start_ns > at)
			own += min(child->span->start_ns, end) - at;
		at = max(at, child->span->end_ns);
	}
	return at < end ? own + end - at : own;
}

static void count(struct operation *op, const struct tree_node *node)
{
	uint64_t ns = node->span->end_ns - node->span->start_ns;

	durations_add(&op->durations, ns);
	op->errors += node->span->error;
	op->total_ns += ns;
	op->own_ns += own_ns(node);
}

static struct operation *operation_of(struct operations *o, const struct tree_node *node,
				      const struct operation *caller)
{
	_cleanup_(buf_release) struct buf label = BUF_INIT(LABEL_MAX);
	bool call = node->span->kind == SPAN_CLIENT;
	struct key key = {
		.call = call,
		.caller = call ? caller : NULL,
		.service = resource_service(node->span->resource),
	};
	int err = put_label(&label, node);

	key.label = err || !label.n ? OTHERS : label.p;
	return get(o, &key);
}

void operations_add(struct operations *o, const struct tree *trace)
{
	struct operation **of =
		calloc(trace->n, sizeof(*of)); /* each node's, so that a call finds its caller's */
	const struct tree_node *node;

	if (!of) {
		o->uncounted += trace->n;
		return;
	}
	o->traces++;
	for (node = trace->root; node; node = tree_next(node)) {
		const struct operation *caller =
			node->parent ? of[node->parent - trace->nodes] : NULL;
		struct operation *op = operation_of(o, node, caller);

		of[node - trace->nodes] = op;
		if (!node->parent)
			o->total_ns += node->span->end_ns - node->span->start_ns;
		if (op)
			count(op, node);
		else
			o->uncounted++;
	}
	free(of);
}
