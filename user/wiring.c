/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which module feeds which. Records come from the kernel (live.c) or from a file (replay.c), and from there on take the
 * same way: facts to the services, everything else to the pipeline, spans to the exporters.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/usage.h"
#include "own_metrics.h"
#include "wiring.h"

static void take_span(void *ctx, struct span *s)
{
	batch_push(((struct wiring *)ctx)->batch, s);
}

static void take_log(void *ctx, struct log_line *l)
{
	batch_push_log(((struct wiring *)ctx)->batch, l);
}

static struct resource *find_resource(void *ctx, uint32_t tgid, uint16_t port)
{
	return services_resource(((struct wiring *)ctx)->services, tgid, port);
}

static const char *find_sdk(void *ctx, uint32_t tgid)
{
	return services_sdk(((struct wiring *)ctx)->services, tgid);
}

static void say_sdk(void *ctx, uint32_t tgid, const char *why)
{
	static const char *const decisions[] = {
		[SDK_AUTO] = "what it shows itself is left to it",
		[SDK_JOIN] = "our spans of it join its traces",
		[SDK_SKIP] = "it is not shown",
	};
	const struct wiring *w = ctx;

	log_info("pid %u (%s) has a tracing SDK, %s: %s (--with-sdk)", tgid,
		 resource_service(services_resource(w->services, tgid, 0)), why,
		 decisions[w->with_sdk]);
}

static void learn(struct wiring *w, const struct ev_proc *ev)
{
	struct proc_facts facts;

	if (facts_decode(ev, &facts))
		return;
	services_learn(w->services, &facts);
	facts_release(&facts);
}

void wiring_feed(struct wiring *w, const struct ev_hdr *ev)
{
	const struct ev_exit *ex = (const struct ev_exit *)ev;

	if (ev->kind == EV_PROC)
		learn(w, (const struct ev_proc *)ev);
	pipeline_feed(w->pipeline, ev);
	if (ev->kind == EV_EXIT && ex->last)
		services_forget(w->services, ev->tgid);
}

/* A name for the service and what was executed have to do. */
static void record_facts(struct wiring *w, const struct ev_proc *ev, struct recorder *recorder)
{
	struct buf record = BUF_INIT(sizeof(*ev) + FACTS_MAX);
	struct proc_facts facts;

	if (facts_decode(ev, &facts))
		return;
	if (!facts_hide_arguments(&facts, resource_service(find_resource(w, facts.tgid, 0))) &&
	    !facts_encode(&facts, ev->hdr.ts_ns, &record)) {
		((struct ev_proc *)record.p)->flags = ev->flags;
		recorder_write(recorder, (const struct ev_hdr *)record.p);
	}
	facts_release(&facts);
	buf_release(&record);
}

static void record_data(struct wiring *w, const struct ev_data *ev, struct recorder *recorder)
{
	struct ev_data *redacted = calloc(1, ev->hdr.sz);

	if (!redacted) {
		pipeline_feed(w->pipeline, &ev->hdr);
		return;
	}
	memcpy(redacted, ev, sizeof(*ev));
	pipeline_feed_redacting(w->pipeline, ev, (char *)redacted->bytes);
	recorder_write(recorder, &redacted->hdr);
	free(redacted);
}

void wiring_feed_redacting(struct wiring *w, const struct ev_hdr *ev, struct recorder *recorder)
{
	if (ev->kind == EV_DATA) {
		record_data(w, (const struct ev_data *)ev, recorder);
		return;
	}
	wiring_feed(w, ev);
	if (ev->kind == EV_PROC)
		record_facts(w, (const struct ev_proc *)ev, recorder);
	else
		recorder_write(recorder, ev);
}

static int init_metrics(struct wiring *w, const struct export_options *export,
			const struct recording_facts *facts, struct err *err)
{
	attrs_init(&w->self, 8, 1024);
	if (!export->metrics_endpoint)
		return 0;
	attrs_str(&w->self, "service.name", SLICE("ebpf-tracer"));
	attrs_str(&w->self, "service.version", slice_str(export->version));
	attrs_str(&w->self, "host.name", slice_str(facts->host.name));
	attrs_str(&w->self, "host.id", slice_str(facts->host.id));
	return metrics_new(export, &w->self, clock_wall_ns(), &w->metrics, err);
}

int wiring_init(struct wiring *w, const struct config *cfg, const struct export_options *export,
		const struct recording_facts *facts, const struct wiring_asks *asks,
		struct err *err)
{
	struct pipeline_cfg pc = {
		.seed = facts->seed,
		.link_wait_ns = cfg->link_wait_ns,
		.link_exact = cfg->link == LINK_EXACT,
		.sampler = cfg->sampler,
		.attr_limits = cfg->attr_limits,
		.with_sdk = cfg->with_sdk,
		.propagators_off = cfg->propagators_off,
		.routes = cfg->routes.v,
		.routes_cnt = cfg->routes.n,
		.redact = cfg->redact.v,
		.redact_cnt = cfg->redact.n,
		.headers = cfg->captured.v,
		.headers_cnt = cfg->captured.n,
	};
	struct pipeline_sink sink = {
		.span = take_span,
		.verdict = asks ? asks->verdict : NULL,
		.moved = asks ? asks->moved : NULL,
		.held = asks ? asks->held : NULL,
		.resource = find_resource,
		.sdk_facts = find_sdk,
		.sdk = say_sdk,
		.ctx = w,
	};
	int code = batch_new(cfg->exporters, export, &w->batch, err);

	if (!code)
		code = init_metrics(w, export, facts, err);
	if (code)
		return code;
	if (config_wants_logs(cfg) && batch_takes_logs(w->batch))
		sink.log = take_log;
	else if (config_wants_logs(cfg))
		log_warn("log lines go nowhere: of the exporters only otlp, json and console take "
			 "them");
	wiring_started(w);
	w->with_sdk = cfg->with_sdk;
	w->services = services_new(&facts->host, cfg->services, cfg->services_cnt);
	w->pipeline = pipeline_new(&pc, &sink);
	if (!w->services || !w->pipeline ||
	    services_set_tracer(w->services, cfg->export.version, cfg->resource_attributes))
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

/* On an exporter's thread. */
static void enter_exporter(void *ctx)
{
	struct err err = { 0 };

	if (guard_exporter(ctx, &err))
		log_warn("%s; an exporter goes on with them", err.text);
}

int wiring_start(struct wiring *w, const struct config *cfg, const struct guard *g, struct err *err)
{
	int code;

	w->tls_files[0] = cfg->export.ca_file;
	w->tls_files[1] = cfg->export.cert_file;
	w->tls_files[2] = cfg->export.key_file;
	w->guard = *g;
	w->guard.files = w->tls_files;
	w->guard.files_cnt = ARRAY_SIZE(w->tls_files);
	w->entry = (struct lane_entry){ enter_exporter, &w->guard };
	code = guard_process(&w->guard, err);
	if (!code)
		code = batch_start(w->batch, &w->entry, err);
	if (!code && w->metrics)
		code = metrics_start(w->metrics, &w->entry, err);
	return code ? code : guard_loop(&w->guard, err);
}

void wiring_started(struct wiring *w)
{
	w->started_ns = clock_mono_ns();
	w->started_cpu_ns = clock_cpu_ns();
}

void wiring_release(struct wiring *w)
{
	pipeline_free(w->pipeline);
	batch_free(w->batch);
	metrics_free(w->metrics);
	attrs_release(&w->self);
	services_free(w->services);
}

static void sum_up(const struct wiring *w, const struct kernel_figures *kern,
		   struct summary *ret_sum)
{
	*ret_sum = (struct summary){
		.tally = pipeline_tally(w->pipeline),
		.kern = kern,
		.wall_ns = clock_mono_ns() - w->started_ns,
		.cpu_ns = clock_cpu_ns() - w->started_cpu_ns,
		.start_cpu_ns = w->started_cpu_ns,
	};
	usage_memory(&ret_sum->rss, &ret_sum->rss_peak);
	batch_counts(w->batch, &ret_sum->export);
	batch_log_counts(w->batch, &ret_sum->logs);
}

void wiring_summary(const struct wiring *w, const struct config *cfg,
		    const struct kernel_figures *kern)
{
	struct summary s;

	sum_up(w, kern, &s);
	if (cfg->stats == STATS_JSON)
		summary_json(stderr, &s);
	else
		summary_print(stderr, &s);
}

void wiring_metrics(struct wiring *w, const struct kernel_figures *kern)
{
	struct metric list[OWN_METRICS_MAX];
	struct summary s;

	sum_up(w, kern, &s);
	metrics_put(w->metrics, list, own_metrics(&s, list), clock_wall_ns());
}

void wiring_finish(struct wiring *w, const struct config *cfg, const struct kernel_figures *kern)
{
	pipeline_flush(w->pipeline);
	batch_end(w->batch, cfg->export.timeout_ms);
	if (w->metrics) {
		wiring_metrics(w, kern);
		metrics_end(w->metrics, cfg->export.timeout_ms);
	}
	wiring_summary(w, cfg, kern);
}
