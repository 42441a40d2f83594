/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command line is read from the left: programs that run other programs (launchers.c) are peeled
 * off until what remains is a script, a module, a class or an executable. If that has a name of its
 * own, this is it; if it is one of the many called "main" or "app", the folder around it has the
 * name.
 *
 *     env X=1 /venv/bin/python /venv/bin/gunicorn -w 4 shop.wsgi:app
 *     command ^        script ^          module ^     -> shop
 */
#include <string.h>

#include "base/compiler.h"
#include "host/command.h"
#include "host/folder.h"
#include "host/launchers.h"

#define WORDS_MAX   256 /* arguments looked at; facts hold no more */
#define NESTING_MAX 8 /* env sudo env nice ...: nobody means more */

struct command {
	const struct proc_facts *f;
	struct slice words[WORDS_MAX];
	size_t n;
};

static const struct slice no_name;

static struct slice name_program(const struct command *c, struct slice program, size_t at,
				 unsigned depth);

static bool ends_with(struct slice s, struct slice suffix)
{
	return s.n > suffix.n && slice_ieq(slice_sub(s, s.n - suffix.n, suffix.n), suffix);
}

static bool starts_digit(struct slice s)
{
	return s.n && s.p[0] >= '0' && s.p[0] <= '9';
}

static bool starts_letter(struct slice s)
{
	return s.n && ((s.p[0] >= 'a' && s.p[0] <= 'z') || (s.p[0] >= 'A' && s.p[0] <= 'Z') ||
		       s.p[0] == '_');
}

/* --- files --- */

static const char *const script_endings[] = {
	".py",     ".pyc",    ".pyw",  ".pyz", ".pex", ".js",  ".mjs",      ".cjs", ".ts",   ".mts",
	".tsx",    ".jsx",    ".rb",   ".ru",  ".pl",  ".pm",  ".psgi",     ".php", ".phar", ".sh",
	".bash",   ".jar",    ".war",  ".dll", ".exe", ".lua", ".R",        ".jl",  ".ex",   ".exs",
	".csproj", ".fsproj", ".java", ".kt",  ".tcl", ".bin", ".AppImage",
};

static bool strip_ending(struct slice *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(script_endings); i++) {
		struct slice ending = slice_str(script_endings[i]);

		if (ends_with(*name, ending)) {
			name->n -= ending.n;
			return true;
		}
	}
	return false;
}

static struct slice name_file(const struct command *c, struct slice path)
{
	struct slice name = path_base(path), folder;

	strip_ending(&name);
	if (!word_is_generic(name))
		return name;
	folder = folder_name(slice_str(c->f->cwd), path_dir(path));
	return folder.n ? folder : name;
}

static struct slice name_cwd(const struct command *c)
{
	return folder_name(slice_str(c->f->cwd), no_name);
}

/* shop-1.2.3-SNAPSHOT.jar -> shop */
static struct slice name_jar(const struct command *c, struct slice path)
{
	static const char *const variants[] = { "-jar-with-dependencies",
						"-standalone",
						"-runner",
						"-fat",
						"-all",
						"-exec",
						"-boot",
						"-shaded",
						"-SNAPSHOT" };
	struct slice name = path_base(path), folder;

	strip_ending(&name);
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++)
		if (ends_with(name, slice_str(variants[i])))
			name.n -= strlen(variants[i]);
	for (size_t i = 1; i + 1 < name.n; i++)
		if (strchr("-_", name.p[i]) && starts_digit(slice_sub(name, i + 1, 1)))
			name.n = i;
	if (!word_is_generic(name))
		return name;
	folder = folder_name(slice_str(c->f->cwd), path_dir(path));
	return folder.n ? folder : name;
}

/* --- modules and classes --- */

static struct slice last_own_part(struct slice package)
{
	while (package.n) {
		struct slice part = slice_split_last(&package, '.');
		bool top = !package.n && word_is_one_of(part, "com org net io dev de eu uk fr");

		if (!top && !word_is_generic(part) &&
		    !word_is_one_of(part, "src services apps api"))
			return part;
	}
	return no_name;
}

/*
 * package.module:object -> the package; a module that stands alone -> the module; both generic ->
 * the folder.
 */
static struct slice name_module(const struct command *c, struct slice module)
{
	struct slice text = module, part, name;

	module = slice_split(&text, ':');
	text = module;
	module = slice_split(&text, '(');
	if (slice_chr(module, '/') >= 0 || ends_with(module, SLICE(".py")))
		return name_file(c, module);
	if (word_is_one_of(module, "http.server xmlrpc.server wsgiref.simple_server"))
		return module;
	part = slice_split_last(&module, '.');
	name = last_own_part(module);
	if (name.n)
		return name;
	return word_is_generic(part) ? name_cwd(c) : part;
}

static struct slice name_class(const struct command *c, struct slice class_name)
{
	const struct known_class *known;
	struct slice name, package;
	ptrdiff_t slash = slice_chr(class_name, '/');

	class_name = slice_sub(class_name, (size_t)(slash + 1), class_name.n);
	known = known_class_find(class_name);
	if (known)
		return known->name ? slice_str(known->name) : name_cwd(c);
	strip_ending(&class_name);
	package = slice_split(&class_name, '$');
	name = slice_split_last(&package, '.');
	if (ends_with(name, SLICE("Kt")))
		name.n -= 2;
	if (ends_with(name, SLICE("Application")))
		name.n -= strlen("Application");
	if (!word_is_generic(name) && !word_is_one_of(name, "runner"))
		return name;
	name = last_own_part(package);
	return name.n ? name : name_cwd(c);
}

/* The agent's and the framework's own way of naming a Java service. */
static struct slice java_property(const struct command *c, size_t at)
{
	static const char *const keys[] = { "-Dotel.service.name=", "-Dspring.application.name=",
					    "--spring.application.name=", "-Ddd.service=" };

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
		for (size_t i = at + 1; i < c->n; i++)
			if (slice_starts(c->words[i], slice_str(keys[k])))
				return slice_sub(c->words[i], strlen(keys[k]), c->words[i].n);
	return no_name;
}

/* --- launchers --- */

/* What a launcher's arguments say, before anything is concluded from it. */
struct findings {
	enum option kind; /* of the option that decides; OPTION_FLAG: none does */
	struct slice value; /* its value */
	size_t value_at; /* the word it stands in */
	size_t operand; /* index of the first operand; 0: none */
	bool sub; /* a sub-command was there */
};

static bool is_assignment(struct slice word)
{
	ptrdiff_t eq = slice_chr(word, '=');

	return eq > 0 && starts_letter(word) && slice_chr(slice_sub(word, 0, (size_t)eq), '/') < 0;
}

/* shop.wsgi:app, but neither localhost:80 nor unix:/run/x */
static bool is_module_object(struct slice word)
{
	ptrdiff_t colon = slice_chr(word, ':');

	return colon > 0 && starts_letter(word) &&
	       starts_letter(slice_sub(word, (size_t)colon + 1, 1));
}

static bool is_passed_over(const struct launcher *l, struct slice word, unsigned *skip,
			   struct findings *found)
{
	if (l->operand == OPERAND_COMMAND && is_assignment(word))
		return true;
	if (l->operand == OPERAND_CLASS && word.n && word.p[0] == '@')
		return true;
	if (!found->operand && !found->sub && l->subs && word_is_one_of(word, l->subs))
		return found->sub = true;
	if (*skip) {
		(*skip)--;
		return true;
	}
	return false;
}

/* Takes note of an operand; true: nothing that follows matters. */
static bool note_operand(const struct command *c, const struct launcher *l, size_t i,
			 struct findings *found)
{
	if (l->operand == OPERAND_NONE)
		return false;
	if (!found->operand)
		found->operand = i;
	if (l->operand != OPERAND_MODULE)
		return true;
	/*
	 * The options of servers are many; object notation tells the module from the value of one
	 * we do not know.
	 */
	if (is_module_object(c->words[i]) && !is_module_object(c->words[found->operand]))
		found->operand = i;
	return false;
}

/* Takes note of an option; true: it decides. *i is moved past its value. */
static bool note_option(const struct command *c, const struct launcher *l, size_t *i,
			struct findings *found)
{
	struct slice value = no_name;
	enum option kind = launcher_option(l, c->words[*i], &value);

	if (kind == OPTION_FLAG)
		return false;
	if (!value.n && kind != OPTION_INLINE && *i + 1 < c->n)
		value = c->words[++*i];
	if (kind == OPTION_VALUE)
		return false;
	*found = (struct findings){ .kind = kind, .value = value, .value_at = *i };
	return true;
}

static struct findings search(const struct command *c, const struct launcher *l, size_t at)
{
	struct findings found = { 0 };
	unsigned skip = l->skip;
	bool options = true;

	for (size_t i = at + 1; i < c->n; i++) {
		struct slice word = c->words[i];

		if (options && slice_eq(word, SLICE("--"))) {
			options = false;
			continue;
		}
		if (options && word.n > 1 && word.p[0] == '-') {
			if (note_option(c, l, &i, &found))
				break;
			continue;
		}
		if (!is_passed_over(l, word, &skip, &found) && note_operand(c, l, i, &found))
			break;
	}
	return found;
}

/*
 * A script may be a launcher itself: python /venv/bin/gunicorn, node node_modules/.bin/next, ruby
 * bin/rails.
 */
static bool script_is_launcher(struct slice path)
{
	struct slice name = path_base(path);
	bool installed =
		memmem(path.p, path.n, "/bin/", 5) || memmem(path.p, path.n, "node_modules/", 13);

	if (strip_ending(&name) && !installed)
		return false;
	return launcher_find(name);
}

static struct slice name_script(const struct command *c, size_t at, unsigned depth)
{
	struct slice path = c->words[at];

	/* From a pipe or from memory: bash /dev/fd/3 */
	if (slice_eq(path, SLICE("-")) || slice_starts(path, SLICE("/dev/")) ||
	    slice_starts(path, SLICE("/proc/")))
		return no_name;
	return script_is_launcher(path) ? name_program(c, path, at, depth + 1) : name_file(c, path);
}

static struct slice name_option(const struct command *c, const struct launcher *l,
				const struct findings *found, unsigned depth)
{
	struct slice module, rest;

	switch (found->kind) {
	case OPTION_NAME:
		return found->value;
	case OPTION_SCRIPT:
		return l->operand == OPERAND_CLASS ? name_jar(c, found->value)
						   : name_file(c, found->value);
	case OPTION_MODULE:
		if (l->operand == OPERAND_CLASS)
			return name_class(c, found->value);
		/* python -m gunicorn shop.wsgi:app */
		rest = found->value;
		module = slice_split(&rest, '.');
		if (l->operand == OPERAND_SCRIPT && launcher_find(module))
			return name_program(c, found->value, found->value_at, depth + 1);
		return name_module(c, found->value);
	default:
		return no_name;
	}
}

static struct slice name_operand(const struct command *c, const struct launcher *l,
				 const struct findings *found, unsigned depth)
{
	switch (found->operand ? l->operand : OPERAND_NONE) {
	case OPERAND_SCRIPT:
		return name_script(c, found->operand, depth);
	case OPERAND_MODULE:
		return name_module(c, c->words[found->operand]);
	case OPERAND_CLASS:
		return name_class(c, c->words[found->operand]);
	case OPERAND_COMMAND:
		return name_program(c, c->words[found->operand], found->operand, depth + 1);
	default:
		break;
	}
	/*
	 * An interpreter alone is only itself; a server without a module has it in a file of the
	 * working directory.
	 */
	if (found->sub || l->operand == OPERAND_NONE || l->operand == OPERAND_MODULE)
		return name_cwd(c);
	return no_name;
}

static struct slice name_launched(const struct command *c, const struct launcher *l, size_t at,
				  unsigned depth)
{
	struct findings found = search(c, l, at);
	struct slice name = l->operand == OPERAND_CLASS ? java_property(c, at) : no_name;

	if (name.n)
		return name;
	return found.kind != OPTION_FLAG ? name_option(c, l, &found, depth)
					 : name_operand(c, l, &found, depth);
}

/* --- the program itself --- */

/* The path of a deleted or replaced executable ends in this. */
static struct slice executable(const struct command *c)
{
	struct slice exe = slice_str(c->f->exe);

	if (ends_with(exe, SLICE(" (deleted)")))
		exe.n -= strlen(" (deleted)");
	return exe;
}

static struct slice name_executable(const struct command *c, struct slice program, size_t at)
{
	struct slice exe = executable(c), name, folder;

	if (program.n > 1 && program.p[0] == '-')
		program = slice_sub(program, 1, program.n); /* a login shell */
	name = path_base(program.n ? program : exe);
	strip_ending(&name);
	if (!word_is_generic(name))
		return name;
	folder = folder_name(slice_str(c->f->cwd), path_dir(at || !exe.n ? program : exe));
	if (!folder.n)
		folder = name_cwd(c);
	return folder.n ? folder : name;
}

/* `program` stands at words[at] or in it; its arguments follow. */
static struct slice name_program(const struct command *c, struct slice program, size_t at,
				 unsigned depth)
{
	const struct launcher *l = launcher_find(program);
	struct slice name = no_name, rest = program;

	/* python -m celery.bin.worker: a launcher by its package. */
	if (!l && at)
		l = launcher_find(slice_split(&rest, '.'));
	/*
	 * Called by another name, as `exec -a` does; not for busybox, which is what it is called.
	 */
	if (!l && !at && c->n > 1) {
		l = launcher_find(executable(c));
		l = l && l->operand != OPERAND_COMMAND ? l : NULL;
	}
	if (l && depth < NESTING_MAX)
		name = name_launched(c, l, at, depth);
	return name.n ? name : name_executable(c, program, at);
}

/* --- titles that programs give themselves --- */

enum title_part { TITLE_BRACKET_MODULE, TITLE_BRACKET, TITLE_THIRD_WORD, TITLE_FOLDER, TITLE_PATH };

static const struct title {
	const char *start;
	enum title_part part;
} titles[] = {
	{ "gunicorn: ", TITLE_BRACKET_MODULE }, /* gunicorn: worker [shop.wsgi:app] */
	{ "puma ", TITLE_BRACKET }, /* puma 5.6 (tcp://0.0.0.0:3000) [checkout] */
	{ "puma: ", TITLE_BRACKET }, /* puma: cluster worker 0: 4242 [checkout] */
	{ "sidekiq ", TITLE_THIRD_WORD }, /* sidekiq 6.5.1 checkout [0 of 5 busy] */
	{ "[celeryd", TITLE_FOLDER }, /* [celeryd: celery@host:MainProcess] */
	{ "Passenger ", TITLE_PATH }, /* Passenger RubyApp: /srv/shop/public (production) */
};

static struct slice bracketed(struct slice text)
{
	const char *open = memrchr(text.p, '[', text.n), *shut = memrchr(text.p, ']', text.n);

	if (!open || !shut || shut < open)
		return no_name;
	return (struct slice){ open + 1, (size_t)(shut - open - 1) };
}

static struct slice own_or_cwd(const struct command *c, struct slice name)
{
	return word_is_generic(name) ? name_cwd(c) : name;
}

static struct slice name_title(const struct command *c, struct slice text)
{
	struct slice rest = text, head;
	ptrdiff_t slash;

	for (size_t i = 0; i < ARRAY_SIZE(titles); i++) {
		if (!slice_starts(text, slice_str(titles[i].start)))
			continue;
		switch (titles[i].part) {
		case TITLE_BRACKET_MODULE:
			return name_module(c, bracketed(text));
		case TITLE_BRACKET:
			return own_or_cwd(c, bracketed(text));
		case TITLE_THIRD_WORD:
			slice_split(&rest, ' ');
			slice_split(&rest, ' ');
			return own_or_cwd(c, slice_split(&rest, ' '));
		case TITLE_FOLDER:
			return name_cwd(c);
		case TITLE_PATH:
			slash = slice_chr(text, '/');
			rest = slash < 0 ? no_name : slice_sub(text, (size_t)slash, text.n);
			return folder_name(no_name, slice_split(&rest, ' '));
		}
	}
	/* "nginx: master process", "php-fpm: pool www" */
	head = slice_split(&rest, ':');
	if (rest.n && rest.p[0] == ' ' && slice_chr(head, ' ') < 0 && slice_chr(head, '/') < 0 &&
	    !word_is_generic(head))
		return head;
	return no_name;
}

/* A title is one argument; programs that write a command line into it mean its words. */
static void split_title(struct command *c, struct slice text)
{
	c->n = 0;
	while (text.n && c->n < WORDS_MAX) {
		struct slice word = slice_split(&text, ' ');

		if (word.n)
			c->words[c->n++] = word;
	}
}

static bool is_title(const struct command *c)
{
	return c->n == 1 && slice_chr(c->words[0], ' ') >= 0 &&
	       !slice_eq(path_base(c->words[0]), path_base(executable(c)));
}

struct slice command_name(const struct proc_facts *f)
{
	struct command c = { .f = f };

	for (c.n = 0; c.n < f->args_cnt && c.n < WORDS_MAX; c.n++)
		c.words[c.n] = slice_str(f->args[c.n]);
	if (is_title(&c)) {
		struct slice title = c.words[0], name = name_title(&c, title);

		if (name.n)
			return name;
		split_title(&c, title);
	}
	return name_program(&c, c.n ? c.words[0] : no_name, 0, 0);
}
