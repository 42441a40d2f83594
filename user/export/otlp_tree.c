/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/utf8.h"
#include "export/otlp_tree.h"

struct otlp *otlp_new(const char *version)
{
	struct otlp *o = calloc(1, sizeof(*o));

	if (o)
		o->version = version ? version : "";
	return o;
}

void otlp_free(struct otlp *o)
{
	if (!o)
		return;
	free(o->groups.p);
	free(o->tree.p);
	free(o->wire.p);
	free(o);
}

int region_reset(struct region *r, size_t need)
{
	r->used = 0;
	if (need <= r->alloc)
		return 0;
	free(r->p);
	r->p = malloc(need);
	r->alloc = r->p ? need : 0;
	return r->p ? 0 : -1;
}

/* The first pass has counted: there is room. */
void *region_take(struct region *r, size_t n)
{
	void *p = r->p + r->used;

	r->used += ALIGNED(n);
	return p;
}

struct slice otlp_text(const char *s)
{
	return slice_str(s ? s : "");
}

/* A receiver may refuse the whole request for one bad byte, so names are looked at once more. */
size_t otlp_repair_size(const char *s)
{
	struct slice t = otlp_text(s);

	return utf8_valid_prefix(t) == t.n ? 0 : ALIGNED(utf8_repaired_len(t) + 1);
}

char *otlp_repaired(struct otlp *o, char *s)
{
	struct slice t = otlp_text(s);
	_cleanup_(buf_release) struct buf b = { 0 };
	char *copy;
	size_t len;

	if (utf8_valid_prefix(t) == t.n)
		return (char *)t.p;
	len = utf8_repaired_len(t);
	buf_init(&b, len);
	copy = take(o, char, len + 1);
	if (utf8_append(&b, t, len))
		len = 0;
	else
		memcpy(copy, b.p, len);
	copy[len] = '\0';
	return copy;
}

static size_t list_size(const struct attrs *a, const struct attr *at)
{
	uint32_t n = attr_list_cnt(a, at);

	return ALIGNED(sizeof(Otlp__ArrayValue)) + ALIGNED(n * sizeof(Otlp__AnyValue)) +
	       ALIGNED(n * sizeof(Otlp__AnyValue *));
}

size_t otlp_attrs_size(const struct attrs *a)
{
	size_t n = ALIGNED(a->n * sizeof(struct pair)) + ALIGNED(a->n * sizeof(Otlp__KeyValue *));
	uint32_t i;

	for (i = 0; i < a->n; i++)
		n += a->v[i].type == ATTR_LIST ? list_size(a, &a->v[i]) : 0;
	return n;
}

static Otlp__ArrayValue *build_list(struct otlp *o, const struct attrs *a, const struct attr *at)
{
	uint32_t n = attr_list_cnt(a, at), i;
	Otlp__ArrayValue *out = take(o, Otlp__ArrayValue, 1);
	Otlp__AnyValue *values = take(o, Otlp__AnyValue, n);
	const char *text = NULL;

	otlp__array_value__init(out);
	out->n_values = n;
	out->values = take(o, Otlp__AnyValue *, n);
	for (i = 0; i < n; i++) {
		text = attr_list_next(a, at, text);
		otlp__any_value__init(&values[i]);
		values[i].value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
		values[i].string_value = (char *)text;
		out->values[i] = &values[i];
	}
	return out;
}

static void value_set(struct otlp *o, Otlp__AnyValue *v, const struct attrs *a,
		      const struct attr *at)
{
	switch ((enum attr_type)at->type) {
	case ATTR_STR:
		v->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
		v->string_value = (char *)attr_text(a, at);
		break;
	case ATTR_INT:
		v->value_case = OTLP__ANY_VALUE__VALUE_INT_VALUE;
		v->int_value = at->i;
		break;
	case ATTR_DOUBLE:
		v->value_case = OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE;
		v->double_value = at->d;
		break;
	case ATTR_BOOL:
		v->value_case = OTLP__ANY_VALUE__VALUE_BOOL_VALUE;
		v->bool_value = at->b;
		break;
	case ATTR_LIST:
		v->value_case = OTLP__ANY_VALUE__VALUE_ARRAY_VALUE;
		v->array_value = build_list(o, a, at);
		break;
	}
}

Otlp__KeyValue *otlp_pair(struct pair *p, const char *key)
{
	otlp__key_value__init(&p->kv);
	otlp__any_value__init(&p->value);
	p->kv.key = (char *)key;
	p->kv.value = &p->value;
	return &p->kv;
}

Otlp__KeyValue **otlp_build_attrs(struct otlp *o, const struct attrs *a)
{
	Otlp__KeyValue **out = take(o, Otlp__KeyValue *, a->n);
	struct pair *pairs = take(o, struct pair, a->n);
	uint32_t i;

	for (i = 0; i < a->n; i++) {
		out[i] = otlp_pair(&pairs[i], attr_key(a, &a->v[i]));
		value_set(o, &pairs[i].value, a, &a->v[i]);
	}
	return out;
}

Otlp__Resource *otlp_build_resource(struct otlp *o, const struct resource *r)
{
	Otlp__Resource *out = take(o, Otlp__Resource, 1);

	otlp__resource__init(out);
	out->n_attributes = r->attrs.n;
	out->attributes = otlp_build_attrs(o, &r->attrs);
	out->dropped_attributes_count = r->attrs.dropped;
	return out;
}

Otlp__InstrumentationScope *otlp_build_scope(struct otlp *o, const char *name)
{
	Otlp__InstrumentationScope *out = take(o, Otlp__InstrumentationScope, 1);

	otlp__instrumentation_scope__init(out);
	out->name = (char *)otlp_text(name).p;
	out->version = (char *)o->version;
	return out;
}

struct slice otlp_pack(struct otlp *o, const ProtobufCMessage *req)
{
	size_t n = protobuf_c_message_get_packed_size(req);

	if (region_reset(&o->wire, n))
		return (struct slice){ NULL, 0 };
	return (struct slice){ o->wire.p, protobuf_c_message_pack(req, (uint8_t *)o->wire.p) };
}
