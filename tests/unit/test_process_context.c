/* SPDX-License-Identifier: GPL-2.0-only */
/* What an SDK publishes of its process: published by this process for real, and read back; and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/compiler.h"
#include "host/facts.h"
#include "host/process_context.h"
#include "host/services.h"

#define LIST_MAX 4095
#define NAME     "\x0a\x16\x0a\x0cservice.name\x12\x06\x0a\x04shop" /* Resource.attributes */
#define CONTEXT  "\x0a\x18" NAME /* ProcessContext.resource */

struct published {
	char signature[8];
	uint32_t version, payload_sz;
	uint64_t at_ns;
	const void *payload;
};

/* As the specification has it: a memory file, of which only the mapping stays. */
static struct published *publish(const void *payload, size_t sz)
{
	int fd = memfd_create("OTEL_CTX", MFD_CLOEXEC);
	struct published *p;

	assert_int_equal(ftruncate(fd, 4096), 0);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	close(fd);
	*p = (struct published){
		.version = 2, .payload_sz = (uint32_t)sz, .at_ns = 1, .payload = payload
	};
	memcpy(p->signature, "OTEL_CTX", 8);
	return p;
}

static int read_own(char text[LIST_MAX + 1])
{
	struct buf list = BUF_INIT(LIST_MAX);
	int err = process_context_read((uint32_t)getpid(), &list);

	text[0] = '\0';
	if (!err)
		memcpy(text, list.p, list.n + 1);
	buf_release(&list);
	return err;
}

static void reads_what_is_published(void **state)
{
	static const char payload[] = CONTEXT;
	char text[LIST_MAX + 1], *heap;
	struct published *p;

	assert_int_equal(read_own(text), -ENOENT);
	p = publish(payload, sizeof(payload) - 1);
	memcpy(p + 1, payload, sizeof(payload) - 1);
	p->payload = p + 1;
	assert_int_equal(read_own(text), 0);
	assert_string_equal(text, "service.name=shop");
	heap = malloc(sizeof(payload) - 1);
	p->payload = memcpy(heap, payload, sizeof(payload) - 1);
	assert_int_equal(read_own(text), 0);
	assert_string_equal(text, "service.name=shop");
	free(heap);
	munmap(p, 4096);
	assert_int_equal(read_own(text), -ENOENT);
}

static void what_is_not_as_it_should_be_is_none(void **state)
{
	char text[LIST_MAX + 1];
	struct published *p = publish(NULL, 8);

	assert_int_equal(read_own(text), -EINVAL);
	p->payload = (void *)-8;
	assert_int_equal(read_own(text), -EINVAL);
	p->payload = p + 1;
	p->payload_sz = 1 << 20;
	assert_int_equal(read_own(text), -EINVAL);
	p->payload_sz = 4096; /* beyond the mapping */
	assert_int_equal(read_own(text), -EINVAL);
	p->payload_sz = 8;
	memset(p + 1, 0xff, 8);
	assert_int_equal(read_own(text), -EINVAL);
	p->at_ns = 0; /* it is being replaced */
	assert_int_equal(read_own(text), -EAGAIN);
	p->at_ns = 1;
	p->version = 3;
	assert_int_equal(read_own(text), -ENOENT);
	p->version = 2;
	p->signature[0] = 'o';
	assert_int_equal(read_own(text), -ENOENT);
	munmap(p, 4096);
}

/* Where a reader could be made to wait by whoever provides what it reads. */
static void reads_no_file_of_strangers(void **state)
{
	static const char maps[] =
		"7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"
		"7f0000001000-7f0000002000 rw-p 00000000 00:2f 77                 /mnt/fuse/file\n"
		"7f0000002000-7f0000003000 r--p 00001000 fe:00 99                 /usr/bin/a b\n"
		"7f0000003000-7f0000004000 rw-s 00000000 00:01 12                 /memfd:x "
		"(deleted)\n"
		"7f0000004000-7f0000005000 rw-p 00000000 00:00 0                  "
		"[anon:OTEL_CTX]\n";
	static const uint64_t plain[] = { 8, 0, 2 * 4096 + 8, 4096 + 8, 8, 0 };
	struct memory m;
	uint64_t at = 0;
	size_t i;

	assert_int_equal(memory_parse(SLICE(maps), &m), 0);
	for (i = 0; i < ARRAY_SIZE(plain); i++)
		assert_int_equal(memory_plain(&m, 0x7f0000000ff8 + i * 4096), plain[i]);
	m.trusted = 0x2f; /* the device of the file of strangers */
	assert_int_equal(memory_plain(&m, 0x7f0000000ff8), 4 * 4096 + 8);
	assert_true(process_context_find(&m, &at));
	assert_int_equal(at, 0x7f0000004000);
	memory_close(&m);
}

static void decodes(void **state)
{
	static const struct {
		struct slice payload;
		const char *list; /* NULL: malformed */
	} cases[] = {
		{ SLICE(""), "" },
		{ SLICE(CONTEXT), "service.name=shop" },
		{ SLICE("\x0a\x0b\x0a\x09\x0a\x03"
			"a=b\x12\x02\x10\x01"),
		  "a%3db=true" },
		{ SLICE("\x0a\x09\x0a\x07\x0a\x01n\x12\x02\x18\x2a"), "n=42" },
		{ SLICE("\x0a\x0d\x0a\x0b\x0a\x01k\x12\x06\x0a\x04 ,%\xe4"), "k=%20%2c%25%e4" },
		/* a list and a text with a NUL are left out, what comes after them is not */
		{ SLICE("\x0a\x1f\x0a\x07\x0a\x01l\x12\x02\x2a\0\x0a\x0a\x0a\x01z\x12\x05\x0a\x03x"
			"\0y"
			"\x0a\x08\x0a\x01o\x12\x03\x0a\x01k"),
		  "o=k" },
		{ SLICE("\x12\x02hi" CONTEXT "\x1d"
			"1234"),
		  "service.name=shop" },
		{ SLICE("\x0a\x05hello"), NULL },
		{ SLICE("\x0a\x7f"), NULL },
		{ SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), NULL },
		{ SLICE("\x03"), NULL },
	};
	struct buf list = BUF_INIT(LIST_MAX);
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		buf_clear(&list);
		err = process_context_decode(cases[i].payload, &list);
		assert_int_equal(err, cases[i].list ? 0 : -EINVAL);
		assert_true(slice_eq(buf_slice(&list), slice_str(cases[i].list)));
	}
	buf_release(&list);
	/* Without room for it an attribute is left out as a whole. */
	list = BUF_INIT(12);
	assert_int_equal(process_context_decode(SLICE(CONTEXT), &list), 0);
	assert_int_equal(list.n, 0);
	buf_release(&list);
}

static void gives_the_service_its_name(void **state)
{
	static const struct {
		const char *context, *variable, *name;
	} cases[] = {
		{ "service.name=shop", "env", "shop" },
		{ "service.name=unknown_service%3apython", "env", "env" },
		{ "service.version=1", "env", "env" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct proc_facts f = { .context = (char *)cases[i].context,
					.service_name = (char *)cases[i].variable,
					.resource_attributes = (char *)"" };
		char *name = service_name_of(&f);

		assert_string_equal(name, cases[i].name);
		free(name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_published),
		cmocka_unit_test(what_is_not_as_it_should_be_is_none),
		cmocka_unit_test(reads_no_file_of_strangers),
		cmocka_unit_test(decodes),
		cmocka_unit_test(gives_the_service_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
