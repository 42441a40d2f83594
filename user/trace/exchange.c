/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/limits.h"
#include "trace/exchange.h"

static const struct {
	const char *name;
	double confidence;
	bool evidence;
} methods[LINK__CNT] = {
#define LINK(id, text, precision, proof) [LINK_##id] = { text, precision, proof },
#include "trace/links.def"
#undef LINK
};

const char *link_method_name(enum link_method m)
{
	return methods[m].name;
}

double link_method_confidence(enum link_method m)
{
	return methods[m].confidence;
}

bool link_method_evidence(enum link_method m)
{
	return methods[m].evidence;
}

int exchanges_init(struct exchanges *t, const struct rand_seed *seed, struct tally *tally)
{
	memset(t, 0, sizeof(*t));
	pool_init(&t->pool, sizeof(struct exchange));
	list_init(&t->waiting);
	list_init(&t->lasting);
	list_init(&t->streaming);
	rand_init(&t->ids, seed);
	t->tally = tally;
	return hash_init_counted(&t->by_serial, 1024);
}

void exchanges_release(struct exchanges *t)
{
	hash_release(&t->by_serial);
	pool_release(&t->pool);
}

/* An id of zeros means "none" on the wire. */
static uint64_t nonzero_id(struct rand *r)
{
	uint64_t v;

	do {
		v = rand_u64(r);
	} while (!v);
	return v;
}

void exchange_new_trace(struct exchanges *t, struct trace_id *ret_id)
{
	uint64_t half[2] = { nonzero_id(&t->ids), nonzero_id(&t->ids) };

	memcpy(ret_id->b, half, sizeof(ret_id->b));
}

struct exchange *exchange_new(struct exchanges *t)
{
	struct exchange *x = pool_get(&t->pool);
	uint64_t id;

	if (!x)
		return NULL;
	x->serial = ++t->next_serial;
	hash_add(&t->by_serial, &x->by_serial, x->serial);
	list_push(&t->waiting, &x->by_age);
	list_init(&x->by_conn);
	list_init(&x->by_grace);
	list_init(&x->by_process);
	list_init(&x->turn.node);
	list_init(&x->children);
	list_init(&x->lines);
	list_init(&x->sibling);
	id = nonzero_id(&t->ids);
	memcpy(x->ctx.span_id.b, &id, sizeof(x->ctx.span_id.b));
	x->sampled = true;
	span_attrs_init(&x->attrs);
	t->n++;
	exchange_weigh(t, x);
	return x;
}

void exchange_inherit(struct exchange *child, const struct exchange *parent)
{
	child->parent_ctx = parent->ctx;
	child->has_parent = true;
	child->parent_remote = parent->left_to_sdk;
	child->wall_offset_ns = parent->wall_offset_ns;
	child->sampled = parent->sampled;
	child->bound_start_ns = parent->start_ns;
	child->bound_end_ns = parent->done && !parent->early ? parent->end_ns : 0;
	free(child->trace_state);
	child->trace_state = parent->trace_state ? strdup(parent->trace_state) : NULL;
}

void exchange_disinherit(struct exchange *child)
{
	child->has_parent = false;
	child->sampled = true;
	child->bound_start_ns = child->bound_end_ns = 0;
	free(child->trace_state);
	child->trace_state = NULL;
}

void exchange_free(struct exchanges *t, struct exchange *x)
{
	struct exchange *child, *tmp;

	list_for_each_safe (child, tmp, &x->children, sibling) {
		if (x->traced)
			exchange_inherit(child, x);
		list_del(&child->sibling);
		child->parent = NULL;
	}
	t->bytes -= x->bytes;
	list_del(&x->by_conn);
	list_del(&x->by_age);
	list_del(&x->by_grace);
	list_del(&x->by_process);
	list_del(&x->turn.node);
	list_del(&x->sibling);
	hash_del(&t->by_serial, &x->by_serial);
	attrs_release(&x->attrs);
	free(x->held);
	free(x->edges);
	free(x->trace_state);
	free(x->name);
	pool_put(&t->pool, x);
	t->n--;
}

void exchange_weigh(struct exchanges *t, struct exchange *x)
{
	size_t bytes = t->pool.sz + held_size(x->held) + attrs_memory(&x->attrs);

	if (x->edges)
		bytes += WAKES_MAX * sizeof(*x->edges);
	t->bytes += bytes - x->bytes;
	x->bytes = bytes;
}

struct exchange *exchange_find(const struct exchanges *t, uint64_t serial)
{
	struct hnode *n = serial ? hash_find(&t->by_serial, serial) : NULL;

	return n ? container_of(n, struct exchange, by_serial) : NULL;
}

static bool may_be_above(const struct exchange *parent, const struct exchange *child)
{
	const struct exchange *x;
	unsigned n = 0;

	for (x = parent; x; x = x->parent) {
		if (x == child || ++n > CAUSES_MAX)
			return false;
	}
	return true;
}

bool exchange_has_evidence(const struct exchange *child)
{
	return child->parent && link_method_evidence(child->method);
}

void exchange_grade(struct exchange *child, enum link_method how)
{
	child->method = how;
	child->confidence = link_method_confidence(how);
}

bool exchange_adopt(struct exchange *parent, struct exchange *child, enum link_method how)
{
	if (!may_be_above(parent, child))
		return false;
	list_del(&child->sibling);
	list_push(&parent->children, &child->sibling);
	child->parent = parent;
	exchange_grade(child, how);
	return true;
}

void exchange_error(struct exchange *x, const char *type)
{
	x->error = true;
	attrs_str(&x->attrs, "error.type", slice_str(type));
}
