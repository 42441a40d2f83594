/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The severity that a line states itself. Most formats begin with a time, numbers and names in brackets, in any order,
 * and then the level: "INFO:root:", "[2026-11-21 15:00:00 +0000] [7] [ERROR]", "time=... level=warn", {"level":"info".
 * The first word that is none of the former is the level, or there is none: a level's name within the message is not.
 */
#include <ctype.h>

#include "base/compiler.h"
#include "trace/log_line.h"

#define WORDS_MAX 12 /* looked at: the level stands before the message */

static const struct {
	const char *word;
	enum severity severity;
} levels[] = {
	{ "trace", SEVERITY_TRACE },    { "debug", SEVERITY_DEBUG },
	{ "info", SEVERITY_INFO },      { "information", SEVERITY_INFO },
	{ "notice", SEVERITY_NOTICE },  { "warn", SEVERITY_WARN },
	{ "warning", SEVERITY_WARN },   { "error", SEVERITY_ERROR },
	{ "err", SEVERITY_ERROR },      { "severe", SEVERITY_ERROR },
	{ "critical", SEVERITY_FATAL }, { "crit", SEVERITY_FATAL },
	{ "fatal", SEVERITY_FATAL },    { "panic", SEVERITY_FATAL },
	{ "alert", SEVERITY_FATAL },    { "emerg", SEVERITY_FATAL },
};

/* Names before "=" or ":" after which the level stands, and such as say that something else does. */
static const char *const level_keys[] = { "level", "lvl", "severity", "levelname", "loglevel" };
static const char *const other_keys[] = { "time", "ts",     "timestamp", "logger",
					  "name", "caller", "pid",       "t" };

struct word {
	struct slice text;
	char before, after; /* the characters around it; NUL: none */
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.' || c == '+' ||
	       c == '/' || c == '@' || c == '$';
}

/* False: there is no more. */
static bool next_word(struct slice line, size_t *at, struct word *ret)
{
	size_t from = *at, to;

	while (from < line.n && !is_word(line.p[from]))
		from++;
	for (to = from; to < line.n && is_word(line.p[to]);)
		to++;
	*ret = (struct word){
		.text = slice_sub(line, from, to - from),
		.before = from ? line.p[from - 1] : '\0',
		.after = to < line.n ? line.p[to] : '\0',
	};
	*at = to;
	return to > from;
}

static bool is_one_of(struct slice word, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (slice_ieq(word, slice_str(words[i])))
			return true;
	return false;
}

static enum severity level_of(struct slice word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(levels); i++)
		if (slice_ieq(word, slice_str(levels[i].word)))
			return levels[i].severity;
	return SEVERITY_UNKNOWN;
}

/* Every letter of a level that stands alone is large, as prose has it only for one that it shouts. */
static bool is_loud(struct slice word)
{
	size_t i;

	for (i = 0; i < word.n; i++)
		if (!isupper((unsigned char)word.p[i]))
			return false;
	return true;
}

static bool is_bracketed(const struct word *w)
{
	return (w->before == '[' && w->after == ']') || (w->before == '<' && w->after == '>') ||
	       (w->before == '(' && w->after == ')');
}

/* Is the word, which names a level, one? */
static bool is_stated(const struct word *w)
{
	return is_loud(w->text) || is_bracketed(w) || w->after == ':' || w->after == '|';
}

/* A time, a number, a name in brackets: what may stand before the level. */
static bool is_preamble(const struct word *w, bool bracket)
{
	size_t i;

	for (i = 0; i < w->text.n; i++)
		if (isdigit((unsigned char)w->text.p[i]))
			return true;
	return bracket || !isalpha((unsigned char)w->text.p[0]) ||
	       is_one_of(w->text, other_keys, ARRAY_SIZE(other_keys));
}

/* Whether a bracket is open behind the word. */
static bool bracket_after(struct slice line, size_t from, size_t to, bool open)
{
	for (; from < to; from++) {
		if (line.p[from] == '[')
			open = true;
		else if (line.p[from] == ']')
			open = false;
	}
	return open;
}

enum severity log_severity(struct slice line, struct slice *ret_word)
{
	bool bracket = false, named = false;
	size_t at = 0, from;
	struct word w;
	unsigned n;

	for (n = 0; n < WORDS_MAX; n++) {
		enum severity level;

		from = at;
		if (!next_word(line, &at, &w))
			break;
		bracket = bracket_after(line, from, at, bracket);
		level = level_of(w.text);
		if (level && (named || is_stated(&w))) {
			*ret_word = w.text;
			return level;
		}
		if (named)
			break;
		named = is_one_of(w.text, level_keys, ARRAY_SIZE(level_keys)) &&
			(w.after == '=' || w.after == '"' || w.after == ':');
		if (!named && !is_preamble(&w, bracket))
			break;
	}
	return SEVERITY_UNKNOWN;
}
