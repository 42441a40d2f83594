/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instrumentation without code change is switched on from outside: by an agent on the command line, or by a variable
 * that makes the runtime load one. Variables that merely configure an SDK prove nothing: whoever starts the tracer with
 * them hands them on to the command it starts. What a program links by itself does not show here; it shows in what the
 * program sends (trace/sdk.c).
 */
#include <string.h>

#include "base/compiler.h"
#include "host/procfs.h"
#include "host/sdk.h"

static const struct evidence {
	const char *variable; /* NULL: an argument */
	const char *text; /* that it contains */
	const char *says;
} evidences[] = {
	{ "PYTHONPATH", "opentelemetry/instrumentation/auto_instrumentation",
	  "started by opentelemetry-instrument" },
	{ "NODE_OPTIONS", "@opentelemetry/", "NODE_OPTIONS loads OpenTelemetry" },
	{ "JAVA_TOOL_OPTIONS", "opentelemetry", "JAVA_TOOL_OPTIONS loads OpenTelemetry" },
	{ "RUBYOPT", "opentelemetry", "RUBYOPT loads OpenTelemetry" },
	{ "CORECLR_PROFILER_PATH", "OpenTelemetry", "the .NET profiler is OpenTelemetry's" },
	{ "DOTNET_STARTUP_HOOKS", "OpenTelemetry", "the .NET startup hook is OpenTelemetry's" },
	{ NULL, "opentelemetry-javaagent", "an OpenTelemetry Java agent" },
	{ NULL, "@opentelemetry/", "OpenTelemetry on Node's command line" },
	{ NULL, "dd-java-agent", "a Datadog Java agent" },
	{ "NODE_OPTIONS", "dd-trace", "NODE_OPTIONS loads dd-trace" },
};

static bool contains(struct slice s, const char *text)
{
	return s.n && memmem(s.p, s.n, text, strlen(text));
}

static bool switched_off(struct slice environ)
{
	return slice_ieq(procfs_variable(environ, "OTEL_SDK_DISABLED"), SLICE("true")) ||
	       slice_ieq(procfs_variable(environ, "OTEL_TRACES_EXPORTER"), SLICE("none"));
}

static bool shows(const struct evidence *e, char *const *args, size_t args_cnt,
		  struct slice environ)
{
	size_t i;

	if (e->variable)
		return contains(procfs_variable(environ, e->variable), e->text);
	for (i = 0; i < args_cnt; i++)
		if (strstr(args[i], e->text))
			return true;
	return false;
}

const char *sdk_evidence(char *const *args, size_t args_cnt, struct slice environ)
{
	size_t i;

	if (switched_off(environ))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(evidences); i++)
		if (shows(&evidences[i], args, args_cnt, environ))
			return evidences[i].says;
	return NULL;
}
