/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process as one record. The record is a row of items { __u16 key; __u16 len; bytes }, not
 * aligned; numbers are stored as __u64. An unknown key is passed over, so that newer recordings can
 * be read. Every text has its own bound, and together they fit into FACTS_MAX whatever the process
 * does.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/cgroup.h"
#include "host/facts.h"
#include "host/process_context.h"
#include "host/procfs.h"
#include "host/sdk.h"

#define TEXT_MAX_PATH   2047 /* a longer path is left out: half of one is another path */
#define TEXT_MAX_CGROUP 1023
#define TEXT_MAX_OWNER  63
#define TEXT_MAX_NAME   255
#define TEXT_MAX_ATTRS  4095 /* longer ones are left out: half of a list is malformed */
#define TEXT_MAX_ARG    511 /* a class path may have 100 KiB, what matters comes after it */
#define ARGS_TEXT_MAX   6144
#define ARGS_CNT_MAX    256
#define ENVIRON_MAX     (1 << 20) /* read, not kept */
#define CMDLINE_MAX     (128 << 10) /* read, not kept */
#define CGROUP_FILE_MAX 16384

/* Part of the file format: append only. */
enum fact {
	FACT_PPID = 1,
	FACT_START,
	FACT_COMM,
	FACT_EXE,
	FACT_CWD,
	FACT_CGROUP,
	FACT_OWNER,
	FACT_SERVICE_NAME,
	FACT_RESOURCE_ATTRIBUTES,
	FACT_ARG,
	FACT_ON_TERMINAL,
	FACT_SDK,
	FACT_CONTEXT,
};

struct item {
	__u16 key; /* enum fact */
	__u16 len;
};

_Static_assert(2 * TEXT_MAX_PATH + TEXT_MAX_CGROUP + TEXT_MAX_OWNER + 2 * TEXT_MAX_NAME +
			       2 * TEXT_MAX_ATTRS + ARGS_TEXT_MAX + COMM_LEN + 3 * sizeof(__u64) +
			       13 * sizeof(struct item) <=
		       FACTS_MAX,
	       "the facts fit into one record");

struct text_field {
	enum fact key;
	size_t offset; /* of the char * in struct proc_facts */
	size_t max;
};

#define TEXT(key, member, max)                                \
	{                                                     \
		key, offsetof(struct proc_facts, member), max \
	}
static const struct text_field text_fields[] = {
	TEXT(FACT_EXE, exe, TEXT_MAX_PATH),
	TEXT(FACT_CWD, cwd, TEXT_MAX_PATH),
	TEXT(FACT_CGROUP, cgroup, TEXT_MAX_CGROUP),
	TEXT(FACT_OWNER, owner, TEXT_MAX_OWNER),
	TEXT(FACT_SERVICE_NAME, service_name, TEXT_MAX_NAME),
	TEXT(FACT_RESOURCE_ATTRIBUTES, resource_attributes, TEXT_MAX_ATTRS),
	TEXT(FACT_SDK, sdk, TEXT_MAX_NAME),
	TEXT(FACT_CONTEXT, context, TEXT_MAX_ATTRS),
};
#undef TEXT

static char **text_of(const struct proc_facts *f, const struct text_field *field)
{
	return (char **)((char *)f + field->offset);
}

static const struct text_field *text_field_find(unsigned key)
{
	for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++)
		if (text_fields[i].key == key)
			return &text_fields[i];
	return NULL;
}

void facts_release(struct proc_facts *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++)
		free(*text_of(f, &text_fields[i]));
	for (size_t i = 0; i < f->args_cnt; i++)
		free(f->args[i]);
	free(f->args);
	*f = (struct proc_facts){ 0 };
}

/* What was not found becomes "", so that no reader has to ask for NULL. */
static int fill_missing(struct proc_facts *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++) {
		char **text = text_of(f, &text_fields[i]);

		if (!*text && !(*text = slice_dup(SLICE(""))))
			return -ENOMEM;
	}
	if (!f->args && !(f->args = calloc(1, sizeof(*f->args))))
		return -ENOMEM;
	return 0;
}

static int set_text(char **text, struct slice value)
{
	char *copy = slice_dup(value);

	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static int add_arg(struct proc_facts *f, struct slice arg)
{
	char **args = reallocarray(f->args, f->args_cnt + 2, sizeof(*args));

	if (!args)
		return -ENOMEM;
	f->args = args;
	args[f->args_cnt] = slice_dup(arg);
	if (!args[f->args_cnt])
		return -ENOMEM;
	args[++f->args_cnt] = NULL;
	return 0;
}

/* --- reading --- */

/* A program that wrote its own title over its arguments leaves a row of NULs behind it. */
static int read_args(uint32_t pid, struct proc_facts *f)
{
	_cleanup_(buf_release) struct buf text;
	struct slice rest;
	size_t room = ARGS_TEXT_MAX;

	buf_init(&text, CMDLINE_MAX);
	if (procfs_read(pid, "cmdline", &text))
		return 0;
	rest = buf_slice(&text);
	while (rest.n && !rest.p[rest.n - 1])
		rest.n--;
	while (rest.n && f->args_cnt < ARGS_CNT_MAX) {
		struct slice arg = slice_sub(slice_split(&rest, '\0'), 0, TEXT_MAX_ARG);
		int err;

		if (room < arg.n + sizeof(struct item))
			break;
		room -= arg.n + sizeof(struct item);
		err = add_arg(f, arg);
		if (err)
			return err;
	}
	return 0;
}

static int read_environ(uint32_t pid, struct proc_facts *f)
{
	_cleanup_(buf_release) struct buf text;
	struct slice name, attributes;
	int err;

	buf_init(&text, ENVIRON_MAX);
	if (procfs_read(pid, "environ", &text))
		return 0;
	name = procfs_variable(buf_slice(&text), "OTEL_SERVICE_NAME");
	attributes = procfs_variable(buf_slice(&text), "OTEL_RESOURCE_ATTRIBUTES");
	err = set_text(&f->service_name, slice_sub(name, 0, TEXT_MAX_NAME));
	if (!err)
		err = set_text(&f->sdk,
			       slice_str(sdk_evidence(f->args, f->args_cnt, buf_slice(&text))));
	if (err || attributes.n > TEXT_MAX_ATTRS)
		return err;
	return set_text(&f->resource_attributes, attributes);
}

static int read_context(uint32_t pid, struct proc_facts *f)
{
	_cleanup_(buf_release) struct buf list = BUF_INIT(TEXT_MAX_ATTRS);

	if (process_context_read(pid, &list))
		return 0;
	return set_text(&f->context, buf_slice(&list));
}

static int read_link(uint32_t pid, const char *name, char **text)
{
	char path[TEXT_MAX_PATH + 2];

	if (procfs_link(pid, name, path, sizeof(path)) || strlen(path) > TEXT_MAX_PATH)
		return 0;
	return set_text(text, slice_str(path));
}

static int read_cgroup(uint32_t pid, struct proc_facts *f)
{
	_cleanup_(buf_release) struct buf text;
	struct slice path;

	buf_init(&text, CGROUP_FILE_MAX);
	if (procfs_read(pid, "cgroup", &text))
		return 0;
	path = cgroup_path(buf_slice(&text));
	return path.n > TEXT_MAX_CGROUP ? 0 : set_text(&f->cgroup, path);
}

/*
 * /etc/passwd and nothing else: a directory service may take seconds to answer, and the loop must
 * not wait.
 */
static int read_owner(uid_t uid, struct proc_facts *f)
{
	_cleanup_(fclosep) FILE *file = fopen("/etc/passwd", "re");
	char line[1024], number[16];
	struct passwd pw, *found;

	while (file && !fgetpwent_r(file, &pw, line, sizeof(line), &found))
		if (found->pw_uid == uid)
			return set_text(&f->owner,
					slice_sub(slice_str(found->pw_name), 0, TEXT_MAX_OWNER));
	snprintf(number, sizeof(number), "%u", uid);
	return set_text(&f->owner, slice_str(number));
}

static int read_texts(uint32_t pid, struct proc_facts *f)
{
	int (*const readers[])(uint32_t, struct proc_facts *) = { read_args, read_environ,
								  read_context, read_cgroup };
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		err = readers[i](pid, f);
		if (err)
			return err;
	}
	err = read_link(pid, "exe", &f->exe);
	return err ? err : read_link(pid, "cwd", &f->cwd);
}

int facts_read(uint32_t tgid, struct proc_facts *ret_facts)
{
	_cleanup_(facts_release) struct proc_facts f = { .tgid = tgid };
	struct proc_status status;
	struct proc_stat stat, again;
	int err;

	err = procfs_stat(tgid, &stat);
	if (!err)
		err = procfs_status(tgid, &status);
	if (!err)
		err = read_texts(tgid, &f);
	if (!err)
		err = read_owner(status.euid, &f);
	if (!err)
		err = fill_missing(&f);
	/* The pid may have ended and have been given away while we read. */
	if (!err)
		err = procfs_stat(tgid, &again);
	if (err)
		return err;
	if (again.start_ns != stat.start_ns)
		return -ESRCH;
	memcpy(f.comm, again.comm, sizeof(f.comm));
	f.ppid = again.ppid;
	f.start_ns = stat.start_ns;
	f.on_terminal = stat.on_terminal;
	*ret_facts = f;
	f = (struct proc_facts){ 0 };
	return 0;
}

int facts_of_exec(const struct ev_exec *ev, struct proc_facts *ret_facts)
{
	_cleanup_(facts_release) struct proc_facts f = { .tgid = ev->hdr.tgid };
	int err;

	memcpy(f.comm, ev->comm, sizeof(f.comm) - 1);
	err = add_arg(&f, slice_str(f.comm));
	if (!err)
		err = fill_missing(&f);
	if (err)
		return err;
	*ret_facts = f;
	f = (struct proc_facts){ 0 };
	return 0;
}

/* --- records --- */

static int put(struct buf *b, enum fact key, const void *p, size_t len)
{
	struct item item = { .key = (__u16)key, .len = (__u16)len };
	int err = buf_append(b, &item, sizeof(item));

	return err ? err : buf_append(b, p, len);
}

static int put_number(struct buf *b, enum fact key, __u64 v)
{
	return put(b, key, &v, sizeof(v));
}

static int put_items(const struct proc_facts *f, struct buf *b)
{
	int err = put_number(b, FACT_PPID, f->ppid);

	if (!err)
		err = put_number(b, FACT_START, f->start_ns);
	if (!err)
		err = put_number(b, FACT_ON_TERMINAL, f->on_terminal);
	if (!err)
		err = put(b, FACT_COMM, f->comm, strnlen(f->comm, sizeof(f->comm)));
	for (size_t i = 0; !err && i < ARRAY_SIZE(text_fields); i++) {
		const char *text = *text_of(f, &text_fields[i]);

		err = put(b, text_fields[i].key, text, strnlen(text, text_fields[i].max));
	}
	for (size_t i = 0; !err && i < f->args_cnt; i++)
		err = put(b, FACT_ARG, f->args[i], strnlen(f->args[i], TEXT_MAX_ARG));
	return err;
}

int facts_hide_arguments(struct proc_facts *f, const char *service)
{
	char *name = *f->service_name ? NULL : strdup(service);

	if (name) {
		free(f->service_name);
		f->service_name = name;
	} else if (!*f->service_name) {
		return -ENOMEM;
	}
	while (f->args_cnt > 1) {
		free(f->args[--f->args_cnt]);
		f->args[f->args_cnt] = NULL;
	}
	return 0;
}

int facts_encode(const struct proc_facts *f, uint64_t ts_ns, struct buf *ret_record)
{
	static const char zeros[8];
	_cleanup_(buf_release) struct buf items;
	struct ev_proc ev = {
		.hdr = { .kind = EV_PROC, .ts_ns = ts_ns, .tgid = f->tgid, .tid = f->tgid }
	};
	size_t before = ret_record->n, pad;
	int err;

	buf_init(&items, FACTS_MAX);
	err = put_items(f, &items);
	if (err)
		return err;
	pad = -items.n % sizeof(zeros);
	ev.len = (__u32)items.n;
	ev.hdr.sz = (__u32)(sizeof(ev) + items.n + pad);
	err = buf_append(ret_record, &ev, sizeof(ev));
	if (!err)
		err = buf_append(ret_record, items.p, items.n);
	if (!err)
		err = buf_append(ret_record, zeros, pad);
	if (err)
		ret_record->n = before;
	return err;
}

static int take_item(struct proc_facts *f, unsigned key, struct slice value)
{
	const struct text_field *field = text_field_find(key);
	__u64 v;

	if (field)
		return value.n > field->max ? -EINVAL : set_text(text_of(f, field), value);
	if (key == FACT_ARG)
		return value.n > TEXT_MAX_ARG || f->args_cnt == ARGS_CNT_MAX ? -EINVAL
									     : add_arg(f, value);
	if (key == FACT_COMM) {
		memset(f->comm, 0, sizeof(f->comm));
		memcpy(f->comm, value.p, min(value.n, sizeof(f->comm) - 1));
		return 0;
	}
	if (key != FACT_PPID && key != FACT_START && key != FACT_ON_TERMINAL)
		return 0;
	if (value.n != sizeof(v))
		return -EINVAL;
	memcpy(&v, value.p, sizeof(v));
	if (key == FACT_PPID)
		f->ppid = (uint32_t)v;
	else if (key == FACT_START)
		f->start_ns = v;
	else
		f->on_terminal = v;
	return 0;
}

int facts_decode(const struct ev_proc *ev, struct proc_facts *ret_facts)
{
	_cleanup_(facts_release) struct proc_facts f = { .tgid = ev->hdr.tgid };
	struct slice rest = { (const char *)ev->bytes, ev->len };
	struct item item;
	int err;

	if (ev->hdr.sz < sizeof(*ev) || ev->len > ev->hdr.sz - sizeof(*ev))
		return -EINVAL;
	while (rest.n) {
		if (rest.n < sizeof(item))
			return -EINVAL;
		memcpy(&item, rest.p, sizeof(item));
		rest = slice_sub(rest, sizeof(item), rest.n);
		if (item.len > rest.n)
			return -EINVAL;
		err = take_item(&f, item.key, slice_sub(rest, 0, item.len));
		if (err)
			return err;
		rest = slice_sub(rest, item.len, rest.n);
	}
	err = fill_missing(&f);
	if (err)
		return err;
	*ret_facts = f;
	f = (struct proc_facts){ 0 };
	return 0;
}
