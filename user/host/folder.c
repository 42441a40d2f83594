/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/compiler.h"
#include "host/folder.h"

#define DEPTH_MAX 64 /* folders above are forgotten; a name is found in the last few */

static const char generic_words[] = "app application main server index run start service wsgi asgi "
				    "api manage __main__ __init__ "
				    "program web www cli entry entrypoint entry-point "
				    "docker-entrypoint bootstrap boot launch launcher "
				    "start-server runserver startup init handler router default "
				    "a.out exe out module mod core config "
				    "project root serve http factory celery_app celeryapp "
				    "quarkus-run bundle bin cmd daemon artisan console";

static const char generic_folders[] =
	"src bin sbin app apps dist build out output target lib lib64 libs libexec release "
	"releases debug current "
	"live cmd main exe obj classes scripts script code server service services source sources "
	"public html www "
	"htdocs node_modules .bin venv env site-packages dist-packages quarkus-app wwwroot net "
	/* and the folders of the system itself */
	"usr local opt srv var home root tmp mnt media run etc data share snap proc nix store "
	"users workspace "
	"workspaces deploy package packages python java ruby node";

bool word_is_one_of(struct slice word, const char *list)
{
	struct slice rest = slice_str(list);

	while (rest.n)
		if (slice_ieq(slice_split(&rest, ' '), word))
			return true;
	return false;
}

bool word_is_generic(struct slice word)
{
	return !word.n || word_is_one_of(word, generic_words);
}

struct slice path_base(struct slice path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	return slash ? slice_sub(path, (size_t)(slash - path.p) + 1, path.n) : path;
}

struct slice path_dir(struct slice path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	/* The root keeps its slash, or it would become a relative path. */
	return slash ? slice_sub(path, 0, max((size_t)(slash - path.p), (size_t)1))
		     : slice_sub(path, 0, 0);
}

/* 20240131120000, 1.4.2, v2, net8.0, b001: a version or a build, not a name. */
static bool is_number(struct slice word)
{
	static const char *const prefixes[] = { "net", "v", "b", "" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		struct slice prefix = slice_str(prefixes[i]);
		struct slice rest = slice_sub(word, prefix.n, word.n);
		size_t digits = 0;

		if (!slice_starts(word, prefix) || !rest.n)
			continue;
		while (digits < rest.n && strchr("0123456789.-_", rest.p[digits]) && rest.p[digits])
			digits++;
		if (digits == rest.n)
			return true;
	}
	return false;
}

/* What mktemp, Python's tempfile and `go build` make up. */
static bool is_made_up(struct slice word)
{
	return word.p[0] == '.' || slice_starts(word, SLICE("tmp.")) ||
	       slice_starts(word, SLICE("go-build")) ||
	       (slice_starts(word, SLICE("tmp")) && word.n == strlen("tmpabcdefgh"));
}

static bool has_name(const struct slice *parts, size_t i)
{
	if (i == 1 && word_is_one_of(parts[0], "home users"))
		return false; /* that is a person */
	return !word_is_one_of(parts[i], generic_folders) && !is_number(parts[i]) &&
	       !is_made_up(parts[i]);
}

static size_t add_parts(struct slice *parts, size_t n, struct slice path)
{
	while (path.n) {
		struct slice part = slice_split(&path, '/');

		if (!part.n || slice_eq(part, SLICE(".")))
			continue;
		if (slice_eq(part, SLICE(".."))) {
			n -= n > 0;
			continue;
		}
		if (n == DEPTH_MAX)
			memmove(parts, parts + 1, --n * sizeof(*parts));
		parts[n++] = part;
	}
	return n;
}

struct slice folder_name(struct slice cwd, struct slice dir)
{
	struct slice parts[DEPTH_MAX];
	size_t n = 0;

	if (!dir.n || dir.p[0] != '/')
		n = add_parts(parts, n, cwd);
	n = add_parts(parts, n, dir);
	while (n--)
		if (has_name(parts, n))
			return parts[n];
	return (struct slice){ 0 };
}
