/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERN_VERSION_H
#define KERN_VERSION_H

const char *kern_libbpf_version(void); /* of the library that runs, "1.1" */

#endif
