/* SPDX-License-Identifier: GPL-2.0-only */
#include "options.h"

#define FIELD(member) offsetof(struct config, member)

const struct option options[OPT__CNT] = {
#define OPTION(id, ...) [OPT_##id] = { __VA_ARGS__ },
#include "options.def"
#undef OPTION
};

const char *const option_groups[GROUP__CNT] = {
	[GROUP_SELECT] = "What to trace (all that match any of these)",
	[GROUP_EXPORT] = "Where spans go",
	[GROUP_CONSOLE] = "What the console shows",
	[GROUP_SPANS] = "What spans say",
	[GROUP_CAPTURE] = "How to capture",
	[GROUP_GENERAL] = "General",
};

const struct command commands[] = {
	{ "doctor", ACTION_DOCTOR, "[--pid N] [--json]", NULL, "what can be traced here, and why" },
	{ "completion", ACTION_COMPLETION, "SHELL", "bash|zsh|fish", "for bash, zsh or fish" },
	{ "man", ACTION_MAN, "", NULL, "the manual page" },
};
const size_t commands_cnt = ARRAY_SIZE(commands);

const struct option *option_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (slice_eq(slice_str(options[i].name), name))
			return &options[i];
	return NULL;
}

const struct option *option_find_key(char key)
{
	for (size_t i = 0; key && i < ARRAY_SIZE(options); i++)
		if (options[i].key == key)
			return &options[i];
	return NULL;
}

const struct command *command_find(struct slice name)
{
	for (size_t i = 0; i < commands_cnt; i++)
		if (slice_eq(slice_str(commands[i].name), name))
			return &commands[i];
	return NULL;
}

/* The longest name has 12; nothing longer than twice that is a slip of the finger. */
#define WORD_LEN_MAX 24

/* Letters put in, left out, mistaken or swapped with the next on the way from a to b. */
static unsigned distance(struct slice a, struct slice b)
{
	unsigned rows[3][WORD_LEN_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	if (a.n > WORD_LEN_MAX || b.n > WORD_LEN_MAX)
		return WORD_LEN_MAX;
	for (unsigned j = 0; j <= b.n; j++)
		last[j] = before[j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned *free_row = before;

		row[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			bool same = a.p[i - 1] == b.p[j - 1];

			row[j] = min(min(last[j], row[j - 1]) + 1, last[j - 1] + !same);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				row[j] = min(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = free_row;
	}
	return last[b.n];
}

/*
 * Takes the candidate if it is nearer than the best so far, in half slips. A prefix counts as near (--serv, --end), and
 * one that lacks the last letter only as the nearest.
 */
static void compare(struct slice word, const char *candidate, unsigned *best,
		    const char **ret_nearest)
{
	struct slice known = slice_str(candidate);
	unsigned d = 2 * distance(word, known);

	if (word.n >= 3 && slice_starts(known, word))
		d = min(d, 3U) - (d > 0);

	if (d >= *best)
		return;
	*best = d;
	*ret_nearest = candidate;
}

/* One letter may be wrong, of longer words a third: more, and the suggestion is a guess. */
static unsigned tolerance(struct slice word)
{
	return 2 * ((unsigned)min(max(word.n / 3, (size_t)1), (size_t)3) + 1);
}

const char *option_nearest(struct slice name)
{
	unsigned best = tolerance(name);
	const char *nearest = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		compare(name, options[i].name, &best, &nearest);
	return nearest;
}

const char *command_nearest(struct slice name)
{
	unsigned best = tolerance(name);
	const char *nearest = NULL;

	for (size_t i = 0; i < commands_cnt; i++)
		compare(name, commands[i].name, &best, &nearest);
	return nearest;
}

int words_index(const char *words, struct slice word)
{
	struct slice rest = slice_str(words);

	for (int i = 0; rest.n; i++)
		if (slice_eq(slice_split(&rest, '|'), word))
			return i;
	return -1;
}
