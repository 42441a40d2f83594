/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records in an order that no kernel would give them: four connections, four threads, bytes, gaps,
 * wakes, lines of logs, time. Each command is a byte (what, which), a byte (how much) and, for data, so many
 * bytes. At the end the books must close.
 */
#include "unit/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct play {
	struct scene sc;
	struct end ends[4];
};

static void data(struct play *p, struct end *e, uint8_t what, struct slice bytes)
{
	struct slice text = slice_sub(bytes, 0, bytes.n);
	uint32_t lost = what & 0x40 ? text.n * 3 : 0;

	e->tgid = 100 + (e->id & 1);
	if (what & 0x80)
		e->pos[what >> 4 & 1] += text.n; /* a record was lost */
	move_cut(&p->sc, e, 200 + (what & 3), what >> 4 & 1, text.p, text.n, text.n + lost);
}

/* Bytes to a log, as pieces of lines. */
static void log_written(struct play *p, struct end *e, uint8_t what, struct slice bytes)
{
	p->sc.task = what & 0x10 ? 300 + (what & 3) : 0;
	write_cut(&p->sc, e->tgid, 200 + (what & 3), 1 + (what & 1), bytes.p, bytes.n,
		  bytes.n + (what & 0x02 ? 5 : 0));
	p->sc.task = 0;
}

static void happening(struct play *p, struct end *e, uint8_t what, uint8_t much)
{
	struct ev_end end = { .hdr = header(&p->sc, EV_END, sizeof(end), e->tgid, 200),
			      .conn = e->id,
			      .pos = e->pos[what >> 4 & 1] + (much >> 3),
			      .dir = what >> 4 & 1,
			      .err = what >> 5 & 1 ? 104 : 0 };

	switch (much & 7) {
	case 0:
		*e = open_end(&p->sc, e->id, e->tgid, 10 + (e->id & 2), 20 - (e->id & 2));
		break;
	case 1:
		close_end(&p->sc, e, what >> 5 & 1 ? 104 : 0);
		break;
	case 2:
		pipeline_feed(p->sc.p, &end.hdr);
		break;
	case 3:
		wake(&p->sc, e->tgid, 200 + (what & 3), 200 + (much >> 3 & 3), what & 0x70);
		break;
	case 4:
		fork_thread(&p->sc, e->tgid, 200 + (what & 3), 200 + (much >> 3 & 3));
		break;
	default:
		pass_time(&p->sc, (uint64_t)(what & 0xf0) * 20000);
	}
}

static void check_books(const struct tally *t)
{
	int dir;

	for (dir = 0; dir < DIR__CNT; dir++) {
		const uint64_t *v = t->v + dir;

		if (v[TALLY_RX_REPORTED] != v[TALLY_RX_DECODED] + v[TALLY_RX_BODY] +
						    v[TALLY_RX_FOREIGN] + v[TALLY_RX_RESYNC] +
						    v[TALLY_RX_UNUSED] + v[TALLY_RX_NO_CONN])
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data_in, size_t size)
{
	struct slice in = { (const char *)data_in, size };
	struct play p = { .ends = { { 1, 100, { 0 }, { 10, 20 } },
				    { 2, 101, { 0 }, { 20, 10 } },
				    { 3, 100, { 0 }, { 10, 20 } },
				    { 4, 101, { 0 }, { 20, 10 } } } };

	scene_begin(&p.sc);
	while (in.n >= 2) {
		uint8_t what = in.p[0], much = in.p[1];
		struct end *e = &p.ends[what >> 2 & 3];

		in = slice_sub(in, 2, in.n);
		if ((what & 0xa0) == 0xa0) {
			log_written(&p, e, what, slice_sub(in, 0, much));
			in = slice_sub(in, much, in.n);
			continue;
		}
		if (what & 0x20 && !(what & 0x80)) {
			happening(&p, e, what, much);
			continue;
		}
		data(&p, e, what, slice_sub(in, 0, much));
		in = slice_sub(in, much, in.n);
	}
	pipeline_flush(p.sc.p);
	check_books(pipeline_tally(p.sc.p));
	scene_end(&p.sc);
	return 0;
}
