/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs a fuzz target over files, without libFuzzer: `fuzz_x FILE...`. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	uint8_t *buf;
	size_t n;
	FILE *f;
	int i;

	for (i = 1; i < argc; i++) {
		f = fopen(argv[i], "r");
		buf = f ? malloc(INPUT_MAX) : NULL;
		if (!buf) {
			perror(argv[i]);
			return 2;
		}
		n = fread(buf, 1, INPUT_MAX, f);
		fclose(f);
		buf = realloc(buf, n + !n); /* so that reading too far is seen */
		fprintf(stderr, "%s\n", argv[i]);
		LLVMFuzzerTestOneInput(buf, n);
		free(buf);
	}
	return 0;
}
