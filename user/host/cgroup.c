/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "host/cgroup.h"

/*
 * Services whose children are other people's programs: their name says nothing about those.
 * Words between spaces; '*' at the end of one stands for anything.
 */
static const char starters[] =
	"app-* user@* user-runtime-dir@* session-* ssh ssh@* sshd sshd@* sshd-session* dropbear* "
	"cron crond cronie anacron atd docker dockerd containerd containerd-shim* podman crio "
	"cri-o kubelet k3s k3s-agent buildkit* lxc* lxd* incus* snapd supervisor supervisord "
	"runit* getty@* serial-getty@* console-getty autovt@* rc-local emergency rescue "
	"debug-shell gdm* lightdm sddm display-manager gnome-terminal-server konsole* xterm* "
	"tmux* screen* dbus dbus-broker run-* systemd-run* waagent walinuxagent google-* "
	"amazon-ssm-agent cloud-* actions.runner* gitlab-runner* buildbot* code-server* jupyter* "
	"teleport pm2-*";

/*
 * Units named after a program that runs others: the instance says which (gunicorn@shop), else the
 * command says more.
 */
static const char runners[] =
	"gunicorn uvicorn hypercorn daphne celery uwsgi python python3 node java tomcat puma "
	"unicorn sidekiq php-fpm service app web container docker-compose podman systemd-nspawn";

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Looks for 64 hexadecimal digits with something else (or nothing) on either side. */
static bool find_id(struct slice path, struct slice *ret_id)
{
	size_t run = 0;

	for (size_t i = 0; i <= path.n; i++) {
		if (i < path.n && is_hex(path.p[i])) {
			run++;
			continue;
		}
		if (run == CONTAINER_ID_LEN) {
			*ret_id = slice_sub(path, i - run, run);
			return true;
		}
		run = 0;
	}
	return false;
}

/*
 * Version 1 hierarchies may differ: a container of docker without systemd shows in all of them but
 * 0::, which still names containerd.service. Hence a path with a container id wins, then systemd's
 * own hierarchy, then the unified one.
 */
static unsigned weight(struct slice controllers, struct slice path)
{
	struct slice id;

	if (find_id(path, &id))
		return 4;
	if (path.n <= 1)
		return 1;
	if (slice_eq(controllers, SLICE("name=systemd")))
		return 3;
	return controllers.n ? 0 : 2;
}

struct slice cgroup_path(struct slice file)
{
	struct slice best = { 0 };
	unsigned best_weight = 0;

	while (file.n) {
		struct slice line = slice_split(&file, '\n'), controllers;

		slice_split(&line, ':'); /* the number of the hierarchy */
		controllers = slice_split(&line, ':');
		if (weight(controllers, line) > best_weight) {
			best_weight = weight(controllers, line);
			best = line;
		}
	}
	return best;
}

bool cgroup_container_id(struct slice path, char ret_id[CONTAINER_ID_LEN + 1])
{
	struct slice id;

	if (!find_id(path, &id))
		return false;
	memcpy(ret_id, id.p, id.n);
	ret_id[id.n] = '\0';
	return true;
}

/*
 * The text after "pod" up to the end of the word is a UUID, with '_' for '-' under the systemd
 * driver.
 */
static bool pod_uid_at(struct slice s, char ret_uid[POD_UID_LEN + 1])
{
	if (s.n < POD_UID_LEN)
		return false;
	for (size_t i = 0; i < POD_UID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.p[i] != '-' && s.p[i] != '_' : !is_hex(s.p[i]))
			return false;
	}
	if (s.n > POD_UID_LEN && s.p[POD_UID_LEN] != '.' && s.p[POD_UID_LEN] != '/')
		return false;
	for (size_t i = 0; i < POD_UID_LEN; i++)
		ret_uid[i] = s.p[i] == '_' ? '-' : s.p[i];
	ret_uid[POD_UID_LEN] = '\0';
	return true;
}

bool cgroup_pod_uid(struct slice path, char ret_uid[POD_UID_LEN + 1])
{
	for (size_t i = 0; i + 3 < path.n; i++)
		if (slice_starts(slice_sub(path, i, 3), SLICE("pod")) &&
		    pod_uid_at(slice_sub(path, i + 3, path.n), ret_uid))
			return true;
	return false;
}

/* systemd writes characters that a name may not have as \x2d. */
static void unescape(struct slice in, char *ret_text, size_t sz)
{
	size_t n = 0;

	while (in.n && n + 1 < sz) {
		uint64_t c;

		if (in.n >= 4 && in.p[0] == '\\' && in.p[1] == 'x' &&
		    slice_u64(slice_sub(in, 2, 2), 16, &c) && c) {
			ret_text[n++] = (char)c;
			in = slice_sub(in, 4, in.n);
			continue;
		}
		ret_text[n++] = in.p[0];
		in = slice_sub(in, 1, in.n);
	}
	ret_text[n] = '\0';
}

static bool strip_suffix(struct slice *s, struct slice suffix)
{
	if (s->n <= suffix.n || !slice_eq(slice_sub(*s, s->n - suffix.n, suffix.n), suffix))
		return false;
	s->n -= suffix.n;
	return true;
}

static bool listed(const char *list, const char *name)
{
	struct slice rest = slice_str(list);

	while (rest.n) {
		struct slice word = slice_split(&rest, ' ');

		if (word.p[word.n - 1] == '*'
			    ? slice_starts(slice_str(name), slice_sub(word, 0, word.n - 1))
			    : slice_eq(slice_str(name), word))
			return true;
	}
	return false;
}

static bool unit_name(struct slice unit, char ret_name[UNIT_NAME_MAX])
{
	char name[UNIT_NAME_MAX], *at;

	unescape(unit, name, sizeof(name));
	if (listed(starters, name))
		return false;
	at = strchr(name, '@');
	if (at)
		*at++ = '\0';
	if (listed(runners, name)) {
		/* A numbered instance says no more than none. */
		if (!at || strspn(at, "0123456789") == strlen(at))
			return false;
		memmove(name, at, strlen(at) + 1);
	}
	if (!name[0])
		return false;
	snprintf(ret_name, UNIT_NAME_MAX, "%s", name);
	return true;
}

bool cgroup_service(struct slice path, char ret_name[UNIT_NAME_MAX])
{
	while (path.n) {
		struct slice part = slice_split_last(&path, '/'), id;
		char uid[POD_UID_LEN + 1];

		/* Beyond the border of a container the units are those of the machine around it. */
		if (find_id(part, &id) || cgroup_pod_uid(part, uid) || slice_eq(part, SLICE("..")))
			return false;
		if (slice_starts(part, SLICE("lxc.payload."))) {
			unescape(slice_sub(part, sizeof("lxc.payload.") - 1, part.n), ret_name,
				 UNIT_NAME_MAX);
			return ret_name[0];
		}
		/*
		 * A scope holds what somebody started from outside systemd: a login, a terminal, a
		 * container.
		 */
		if (strip_suffix(&part, SLICE(".scope")))
			return false;
		if (strip_suffix(&part, SLICE(".service")))
			return unit_name(part, ret_name);
	}
	return false;
}
