/* SPDX-License-Identifier: GPL-2.0-only */
/* One argument into its field of struct config: what config.c does for options and environment.c for variables. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "options.h"
#include "values.h"

/* value is NUL-terminated, borrowed for the life of cfg. 0; -EINVAL and a sentence; -ENOMEM. */
int setting_set(struct config *cfg, const struct option *opt, const char *value, struct err *err) __must_check;

/* `what` names the option or variable. */
int setting_endpoint(struct config *cfg, const char *what, struct slice url, enum url_form form,
		     struct err *err) __must_check;

/* Adds "Name: value". -EINVAL: that is not a header. */
int setting_add_header(struct config *cfg, struct slice name, struct slice value) __must_check;
bool setting_has_header(const struct config *cfg, struct slice name);
int setting_add_service(struct config *cfg, uint16_t port, const char *name) __must_check;

int strings_add(struct strings *l, struct slice s) __must_check;
void strings_release(struct strings *l);

/* A copy that lives as long as cfg. NULL: out of memory. */
const char *config_keep(struct config *cfg, struct slice s);
int config_warn(struct config *cfg, const char *fmt, ...) __printf(2, 3) __must_check;

/* Whether spans may go to an OTLP endpoint: asked for, or nothing else is. */
bool config_wants_otlp(const struct config *cfg);

#endif
