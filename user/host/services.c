/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/limits.h"
#include "base/hash.h"
#include "base/list.h"
#include "host/attr_list.h"
#include "host/describe.h"

/* A client span may wait 10 s for its parent; that is 50 short-lived processes a second. */
#define ENDED_MAX 512

struct service {
	struct hnode by_tgid;
	struct list node; /* in services.living or services.ended */
	bool ended;
	struct instance instance;
	char *sdk; /* what shows a tracing SDK; NULL, "": nothing */
	struct resource *base;
	struct resource *
		*by_rule; /* one for each --service-name PORT=NAME, made when first asked for */
};

struct services {
	struct hash by_tgid;
	struct list living;
	struct list ended; /* oldest first */
	size_t living_cnt, ended_cnt;
	struct host_facts host;
	struct service_rule *rules; /* names are owned */
	size_t rules_cnt;
	const char *version, *attributes;
	struct resource *unknown;
};

static struct resource *describe_process(const struct services *s, const struct proc_facts *f,
					 const char *name)
{
	const struct description d = {
		.host = &s->host,
		.process = f,
		.service = name,
		.version = s->version,
		.attributes = s->attributes,
	};

	return describe(&d);
}

struct services *services_new(const struct host_facts *host, const struct service_rule *rules,
			      size_t rules_cnt)
{
	_cleanup_(services_freep) struct services *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	list_init(&s->living);
	list_init(&s->ended);
	s->host = *host;
	s->version = s->attributes = "";
	s->rules = calloc(rules_cnt + 1, sizeof(*s->rules));
	if (!s->rules || hash_init(&s->by_tgid, 64))
		return NULL;
	for (size_t i = 0; i < rules_cnt; i++) {
		s->rules[i].port = rules[i].port;
		s->rules[i].name = strdup(rules[i].name);
		if (!s->rules[i].name)
			return NULL;
		s->rules_cnt++;
	}
	return services_set_tracer(s, "", NULL) ? NULL : take_ptr(s);
}

static const char *rule_name(const struct services *s, uint16_t port, size_t *ret_at)
{
	for (size_t i = 0; i < s->rules_cnt; i++) {
		if (s->rules[i].port == port) {
			*ret_at = i;
			return s->rules[i].name;
		}
	}
	return NULL;
}

int services_set_tracer(struct services *s, const char *version, const char *attributes)
{
	struct resource *unknown;
	const char *name;
	size_t at;

	s->version = version;
	s->attributes = attributes ? attributes : "";
	name = rule_name(s, 0, &at);
	unknown = describe_process(s, NULL, name ? name : "unknown_service");
	if (!unknown)
		return -ENOMEM;
	resource_put(s->unknown);
	s->unknown = unknown;
	return 0;
}

static struct service *find(const struct services *s, uint32_t tgid)
{
	struct hnode *node = hash_find(&s->by_tgid, tgid);

	return node ? container_of(node, struct service, by_tgid) : NULL;
}

static void drop_resources(const struct services *s, struct service *svc)
{
	for (size_t i = 0; svc->by_rule && i < s->rules_cnt; i++)
		resource_put(svc->by_rule[i]);
	free(svc->by_rule);
	svc->by_rule = NULL;
	resource_put(take_ptr(svc->base));
}

static void set_ended(struct services *s, struct service *svc, bool ended)
{
	if (svc->ended == ended)
		return;
	svc->ended = ended;
	list_del(&svc->node);
	list_push(ended ? &s->ended : &s->living, &svc->node);
	s->living_cnt -= ended ? 1 : -1;
	s->ended_cnt += ended ? 1 : -1;
}

static void service_free(struct services *s, struct service *svc)
{
	list_del(&svc->node);
	hash_del(&s->by_tgid, &svc->by_tgid);
	drop_resources(s, svc);
	free(svc->sdk);
	free(svc);
}

static void free_all(struct services *s, struct list *list)
{
	struct service *svc, *next;

	list_for_each_safe (svc, next, list, node)
		service_free(s, svc);
}

void services_free(struct services *s)
{
	if (!s)
		return;
	free_all(s, &s->living);
	free_all(s, &s->ended);
	hash_release(&s->by_tgid);
	for (size_t i = 0; i < s->rules_cnt; i++)
		free((char *)s->rules[i].name);
	free(s->rules);
	resource_put(s->unknown);
	free(s);
}

/*
 * Python starts the workers of a pool as `python -c "from multiprocessing...": they are their
 * parent's service.
 */
static bool is_worker(const struct proc_facts *f)
{
	for (size_t i = 1; i < f->args_cnt; i++)
		if (!strcmp(f->args[i], "--multiprocessing-fork") ||
		    !strncmp(f->args[i], "from multiprocessing.", strlen("from multiprocessing.")))
			return true;
	return false;
}

static bool names_itself(const struct proc_facts *f)
{
	_cleanup_(freep) char *name = service_name_given(f);

	return name;
}

static char *choose_name(const struct services *s, const struct proc_facts *f)
{
	const struct service *parent = is_worker(f) ? find(s, f->ppid) : NULL;
	_cleanup_(freep) char *for_all = NULL;
	size_t at;
	const char *rule = rule_name(s, 0, &at);

	if (rule)
		return strdup(rule);
	if (!names_itself(f)) {
		for_all = attr_list_get(slice_str(s->attributes), SLICE("service.name"));
		if (for_all && for_all[0])
			return take_ptr(for_all);
		if (parent)
			return strdup(resource_service(parent->base));
	}
	return service_name_of(f);
}

static struct service *add(struct services *s, uint32_t tgid)
{
	struct service *svc;

	if (s->living_cnt >= PROCS_MAX)
		return NULL;
	svc = calloc(1, sizeof(*svc));
	if (!svc)
		return NULL;
	list_push(&s->living, &svc->node);
	hash_add(&s->by_tgid, &svc->by_tgid, tgid);
	s->living_cnt++;
	return svc;
}

void services_learn(struct services *s, const struct proc_facts *f)
{
	_cleanup_(freep) char *name = choose_name(s, f);
	struct resource *base = name ? describe_process(s, f, name) : NULL;
	struct service *svc = find(s, f->tgid);

	/* Out of memory: what is known stays, what is not remains unknown. */
	if (!base)
		return;
	if (!svc)
		svc = add(s, f->tgid);
	if (!svc) {
		resource_put(base);
		return;
	}
	set_ended(s, svc, false);
	drop_resources(s, svc);
	svc->base = base;
	free(svc->sdk);
	svc->sdk = strdup(f->sdk); /* without memory for it there is no SDK */
	svc->instance = (struct instance){ .tgid = f->tgid, .start_ns = f->start_ns };
}

void services_forget(struct services *s, uint32_t tgid)
{
	struct service *svc = find(s, tgid);

	if (!svc)
		return;
	set_ended(s, svc, true);
	if (s->ended_cnt <= ENDED_MAX)
		return;
	service_free(s, list_first(&s->ended, struct service, node));
	s->ended_cnt--;
}

const char *services_sdk(const struct services *s, uint32_t tgid)
{
	const struct service *svc = find(s, tgid);

	return svc && svc->sdk && svc->sdk[0] ? svc->sdk : NULL;
}

bool services_known(const struct services *s, uint32_t tgid)
{
	const struct service *svc = find(s, tgid);

	return svc && !svc->ended;
}

static void copy_attr(struct attrs *to, const struct attrs *from, const struct attr *at)
{
	if (at->type == ATTR_INT)
		attrs_int(to, attr_key(from, at), at->i);
	else if (at->key)
		attrs_str(to, at->key, (struct slice){ attr_text(from, at), at->s.len });
	else
		attrs_str_dup(to, slice_str(attr_key(from, at)),
			      (struct slice){ attr_text(from, at), at->s.len });
}

/*
 * One port of a process that plays several services: the same process under another name and
 * instance.
 */
static struct resource *describe_port(const struct services *s, const struct service *svc,
				      const char *name, uint16_t port)
{
	struct instance instance = svc->instance;
	struct resource *r = resource_new();
	char id[INSTANCE_ID_LEN + 1];

	if (!r)
		return NULL;
	instance.port = port;
	instance_id(&s->host, &instance, id);
	attrs_str(&r->attrs, "service.name", slice_str(name));
	attrs_str(&r->attrs, "service.instance.id", slice_str(id));
	for (uint32_t i = 0; i < svc->base->attrs.n; i++)
		copy_attr(&r->attrs, &svc->base->attrs, &svc->base->attrs.v[i]);
	return r;
}

struct resource *services_resource(struct services *s, uint32_t tgid, uint16_t port)
{
	struct service *svc = find(s, tgid);
	const char *name;
	size_t at = 0;

	if (!svc)
		return s->unknown;
	name = port ? rule_name(s, port, &at) : NULL;
	if (!name)
		return svc->base;
	if (!svc->by_rule)
		svc->by_rule = calloc(s->rules_cnt, sizeof(*svc->by_rule));
	if (!svc->by_rule)
		return svc->base;
	if (!svc->by_rule[at])
		svc->by_rule[at] = describe_port(s, svc, name, port);
	return svc->by_rule[at] ? svc->by_rule[at] : svc->base;
}
