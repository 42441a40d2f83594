/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "recording.h"
#include "trace/record.h"

#define MAGIC           "EBPFTRC\n"
#define BYTE_ORDER_MARK 0x01020304u
/* No record is larger: a piece is at most PIECE_MAX, facts at most FACTS_MAX. */
#define RECORD_MAX 65536

struct file_header {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	uint32_t header_sz;
	uint32_t pad;
	struct recording_facts facts;
};

struct recorder {
	FILE *f;
	char *path;
	bool failed;
};

struct replayer {
	FILE *f;
	uint64_t off; /* of the next record */
	uint64_t records;
	_Alignas(8) char record[RECORD_MAX];
};

int recorder_new(const char *path, const struct recording_facts *facts,
		 struct recorder **ret_recorder, struct err *err)
{
	struct file_header header = {
		.magic = MAGIC,
		.version = RECORDING_VERSION,
		.byte_order = BYTE_ORDER_MARK,
		.header_sz = sizeof(header),
		.facts = *facts,
	};
	_cleanup_(recorder_freep) struct recorder *r = calloc(1, sizeof(*r));
	int fd;

	if (!r)
		return err_set(err, -ENOMEM, "cannot record to '%s': out of memory", path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fchmod(fd, 0600)) {
		int code = -errno;

		if (fd >= 0)
			close(fd);
		return err_set(err, code, "cannot record to '%s': %s", path, strerror(-code));
	}
	r->f = fdopen(fd, "w");
	r->path = strdup(path);
	if (!r->f || !r->path)
		return err_set(err, -ENOMEM, "cannot record to '%s': out of memory", path);
	if (fwrite(&header, sizeof(header), 1, r->f) != 1)
		return err_set(err, -EIO, "cannot record to '%s': the disk is full or fails", path);
	*ret_recorder = take_ptr(r);
	return 0;
}

static void recorder_fail(struct recorder *r)
{
	if (!r->failed)
		log_err("cannot write more to the recording '%s': %s; the recording ends here",
			r->path, strerror(errno));
	r->failed = true;
}

void recorder_write(struct recorder *r, const struct ev_hdr *ev)
{
	if (!r->failed && fwrite(ev, ev->sz, 1, r->f) != 1)
		recorder_fail(r);
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	if (r->f && fclose(r->f))
		recorder_fail(r);
	free(r->path);
	free(r);
}

static int check_header(const struct file_header *h, const char *path, struct err *err)
{
	if (memcmp(h->magic, MAGIC, sizeof(h->magic)))
		return err_set(err, -EINVAL, "'%s' is not a recording of ebpf-tracer", path);
	if (h->byte_order != BYTE_ORDER_MARK)
		return err_set(err, -EINVAL,
			       "the recording '%s' was made on a machine with another byte order",
			       path);
	if (h->version != RECORDING_VERSION || h->header_sz != sizeof(*h))
		return err_set(
			err, -EINVAL,
			"the recording '%s' has format version %u, this program reads version %d",
			path, h->version, RECORDING_VERSION);
	return 0;
}

int replayer_new(const char *path, struct recording_facts *ret_facts,
		 struct replayer **ret_replayer, struct err *err)
{
	_cleanup_(replayer_freep) struct replayer *r = calloc(1, sizeof(*r));
	struct host_facts *host = &ret_facts->host;
	struct file_header h;
	int code;

	if (!r)
		return err_set(err, -ENOMEM, "cannot replay '%s': out of memory", path);
	r->f = fopen(path, "re");
	if (!r->f)
		return err_set(err, -errno, "cannot read the recording '%s': %s", path,
			       strerror(errno));
	if (fread(&h, sizeof(h), 1, r->f) != 1)
		return err_set(err, -EINVAL, "'%s' is too short to be a recording of ebpf-tracer",
			       path);
	code = check_header(&h, path, err);
	if (code)
		return code;
	*ret_facts = h.facts;
	host->name[sizeof(host->name) - 1] = host->id[sizeof(host->id) - 1] = '\0';
	host->arch[sizeof(host->arch) - 1] = host->kernel[sizeof(host->kernel) - 1] = '\0';
	r->off = sizeof(h);
	*ret_replayer = take_ptr(r);
	return 0;
}

static int damaged(const struct replayer *r, const char *what, struct err *err)
{
	return err_set(err, -EBADMSG,
		       "the recording is %s at byte %llu; replayed the %llu records before it",
		       what, (unsigned long long)r->off, (unsigned long long)r->records);
}

int replayer_next(struct replayer *r, const struct ev_hdr **ret_ev, struct err *err)
{
	struct ev_hdr *hdr = (struct ev_hdr *)r->record;
	size_t n = fread(r->record, 1, sizeof(*hdr), r->f);

	if (!n && feof(r->f))
		return 0;
	if (n != sizeof(*hdr))
		return damaged(r, "truncated", err);
	if (hdr->sz < sizeof(*hdr) || hdr->sz > sizeof(r->record))
		return damaged(r, "damaged", err);
	if (fread(r->record + sizeof(*hdr), 1, hdr->sz - sizeof(*hdr), r->f) !=
	    hdr->sz - sizeof(*hdr))
		return damaged(r, "truncated", err);
	if (!ev_valid(hdr, hdr->sz))
		return damaged(r, "damaged", err);
	r->off += hdr->sz;
	r->records++;
	*ret_ev = hdr;
	return 1;
}

void replayer_free(struct replayer *r)
{
	if (!r)
		return;
	if (r->f)
		fclose(r->f);
	free(r);
}
