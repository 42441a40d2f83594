/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/compiler.h"
#include "host/folder.h"
#include "host/launchers.h"

/* The longer lists, words between spaces. */
static const char node_values[] =
	"-r --require --import --loader --experimental-loader -C --conditions --env-file "
	"--inspect-port --icu-data-dir -w -x -P --project";

static const char dotnet_values[] =
	"--depsfile --runtimeconfig --additionalprobingpath --fx-version --roll-forward -c "
	"--configuration -f --framework --launch-profile";

static const char java_values[] =
	"-cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules "
	"--add-opens --add-exports --add-reads --patch-module --limit-modules "
	"--enable-native-access --source";

static const char gunicorn_values[] =
	"-b --bind -w --workers -k --worker-class -t --timeout -c --config -u --user -g "
	"--group -m --umask -p --pid -e --env --threads --worker-connections --max-requests "
	"--max-requests-jitter --graceful-timeout --keep-alive --backlog --chdir --pythonpath "
	"--worker-tmp-dir --log-level --log-config --access-logfile --access-logformat "
	"--error-logfile --log-file --certfile --keyfile --forwarded-allow-ips --statsd-host "
	"--statsd-prefix --paste";

static const char asgi_values[] =
	"--host --port --uds --fd --loop --http --ws --lifespan --interface --env-file "
	"--log-config --log-level --ssl-keyfile --ssl-certfile --root-path --workers "
	"--app-dir --limit-concurrency --limit-max-requests --backlog --header "
	"--timeout-keep-alive --forwarded-allow-ips --reload-dir -b -p -u -w -k -c -t -e "
	"--bind --config --worker-class --access-log --processes --threads -s "
	"--access-logfile --error-logfile --certfile --keyfile --url-prefix -H -P -Q";

static const char node_tools[] =
	"npm npm-cli yarn yarnpkg pnpm next nuxt nuxi vite ng nest remix react-scripts "
	"webpack gatsby astro strapi meteor gulp turbo lerna";

static const char ruby_servers[] =
	"puma unicorn unicorn_rails rails rackup thin passenger sidekiq rake";

static const char project_tools[] =
	"artisan console pserve twistd rq huey mix iex beam.smp elixir go cargo mvn "
	"gradle sbt lein clojure";

static const char otel_values[] =
	"--traces_exporter --metrics_exporter --logs_exporter --exporter_otlp_endpoint "
	"--propagators";

static const char plain_wrappers[] =
	"nohup setsid time exec tini tini-static docker-init dumb-init catchsegv busybox "
	"valgrind caffeinate ddtrace-run ltrace unshare";

static const struct launcher launchers[] = {
	/* --- interpreters --- */
	{ .names = "python pypy",
	  .operand = OPERAND_SCRIPT,
	  .flags = "uBIEsSOvxbdiqtP",
	  .options = { [OPTION_VALUE] = "-W -X -Q --check-hash-based-pycs",
		       [OPTION_MODULE] = "-m",
		       [OPTION_INLINE] = "-c" } },
	{ .names = "node nodejs nodemon ts-node ts-node-dev tsx babel-node node-dev electron "
		   "pm2-runtime forever",
	  .operand = OPERAND_SCRIPT,
	  .subs = "watch start",
	  .options = { [OPTION_VALUE] = node_values,
		       [OPTION_NAME] = "--title --name",
		       [OPTION_INLINE] = "-e --eval -p --print -pe" } },
	{ .names = "bun deno",
	  .operand = OPERAND_SCRIPT,
	  .subs = "run serve",
	  .options = { [OPTION_VALUE] = "-r --preload --config -c --import-map --port",
		       [OPTION_INLINE] = "-e --eval -p --print" } },
	{ .names = "ruby jruby truffleruby",
	  .operand = OPERAND_SCRIPT,
	  .options = { [OPTION_VALUE] = "-I -r -C -E", [OPTION_INLINE] = "-e" } },
	{ .names = "perl",
	  .operand = OPERAND_SCRIPT,
	  .options = { [OPTION_VALUE] = "-I", [OPTION_INLINE] = "-e -E" } },
	{ .names = "php php-cgi",
	  .operand = OPERAND_SCRIPT,
	  .options = { [OPTION_VALUE] = "-c -d -z -t -S",
		       [OPTION_SCRIPT] = "-f",
		       [OPTION_INLINE] = "-r" } },
	{ .names = "lua luajit",
	  .operand = OPERAND_SCRIPT,
	  .options = { [OPTION_VALUE] = "-l", [OPTION_INLINE] = "-e" } },
	{ .names = "Rscript tclsh wish guile racket julia mono crystal raku",
	  .operand = OPERAND_SCRIPT,
	  .options = { [OPTION_INLINE] = "-e --eval" } },
	{ .names = "sh bash dash ash zsh ksh fish",
	  .operand = OPERAND_SCRIPT,
	  .flags = "abefhklmnpruvxlti",
	  .options = { [OPTION_VALUE] = "-o -O --rcfile --init-file", [OPTION_INLINE] = "-c" } },
	{ .names = "dotnet",
	  .operand = OPERAND_SCRIPT,
	  .subs = "exec run watch",
	  .whole_words = true,
	  .options = { [OPTION_VALUE] = dotnet_values, [OPTION_SCRIPT] = "--project -p" } },
	{ .names = "java javaw",
	  .operand = OPERAND_CLASS,
	  .whole_words = true,
	  .options = { [OPTION_VALUE] = java_values,
		       [OPTION_SCRIPT] = "-jar",
		       [OPTION_MODULE] = "-m --module" } },

	/* --- servers that load a module --- */
	{ .names = "gunicorn",
	  .operand = OPERAND_MODULE,
	  .options = { [OPTION_VALUE] = gunicorn_values, [OPTION_NAME] = "-n --name" } },
	{ .names = "uvicorn hypercorn daphne granian waitress waitress-serve sanic robyn fastwsgi "
		   "bjoern dramatiq",
	  .operand = OPERAND_MODULE,
	  .whole_words = true,
	  .options = { [OPTION_VALUE] = asgi_values } },
	{ .names = "flask", .operand = OPERAND_NONE, .options = { [OPTION_MODULE] = "-A --app" } },
	{ .names = "celery", .operand = OPERAND_NONE, .options = { [OPTION_MODULE] = "-A --app" } },
	{ .names = "django django-admin",
	  .operand = OPERAND_NONE,
	  .options = { [OPTION_MODULE] = "--settings" } },
	{ .names = "uwsgi",
	  .operand = OPERAND_NONE,
	  .options = { [OPTION_MODULE] = "-w --module --wsgi",
		       [OPTION_SCRIPT] = "--wsgi-file --file",
		       [OPTION_NAME] = "--procname --procname-master" } },
	{ .names = "fastapi streamlit chainlit",
	  .operand = OPERAND_SCRIPT,
	  .subs = "run dev",
	  .options = { [OPTION_VALUE] = "--host --port --root-path --app --workers" } },
	{ .names = "coverage debugpy cProfile viztracer pyinstrument scalene memray",
	  .operand = OPERAND_SCRIPT,
	  .subs = "run",
	  .options = { [OPTION_VALUE] = "--listen --connect --source --rcfile -o --output",
		       [OPTION_MODULE] = "-m" } },

	/* --- tools that run what is in the working directory --- */
	{ .names = node_tools, .operand = OPERAND_NONE },
	{ .names = ruby_servers, .operand = OPERAND_NONE },
	{ .names = project_tools, .operand = OPERAND_NONE },

	/* --- programs in front of a command --- */
	{ .names = "env",
	  .operand = OPERAND_COMMAND,
	  .options = { [OPTION_VALUE] = "-u --unset -C --chdir",
		       [OPTION_INLINE] = "-S --split-string" } },
	{ .names = "sudo runuser setpriv",
	  .operand = OPERAND_COMMAND,
	  .options = { [OPTION_VALUE] = "-u --user -g --group -h --host -p --prompt -C -D -R -r -t "
					"-T -U" } },
	{ .names = "timeout",
	  .operand = OPERAND_COMMAND,
	  .skip = 1,
	  .options = { [OPTION_VALUE] = "-k --kill-after -s --signal" } },
	{ .names = "nice ionice",
	  .operand = OPERAND_COMMAND,
	  .options = { [OPTION_VALUE] = "-n --adjustment -c --class" } },
	{ .names = "taskset chrt gosu su-exec setuidgid chroot flock",
	  .operand = OPERAND_COMMAND,
	  .skip = 1 },
	{ .names = plain_wrappers, .operand = OPERAND_COMMAND },
	{ .names = "stdbuf",
	  .operand = OPERAND_COMMAND,
	  .options = { [OPTION_VALUE] = "-i -o -e" } },
	{ .names = "strace",
	  .operand = OPERAND_COMMAND,
	  .options = { [OPTION_VALUE] = "-e -o -s -u -E -P -a -I -O -S" } },
	{ .names = "numactl",
	  .operand = OPERAND_COMMAND,
	  .options = { [OPTION_VALUE] = "-C -N -m -i -p" } },
	{ .names = "opentelemetry-instrument",
	  .operand = OPERAND_COMMAND,
	  .options = { [OPTION_VALUE] = otel_values, [OPTION_NAME] = "--service_name" } },
	{ .names = "newrelic-admin", .operand = OPERAND_COMMAND, .subs = "run-program run-python" },
	{ .names = "poetry pipenv pdm hatch uv rye conda dotenv foreman",
	  .operand = OPERAND_COMMAND,
	  .subs = "run",
	  .options = { [OPTION_VALUE] =
			       "-n --name -p --prefix --python --with --project --env-file -f" } },
	{ .names = "bundle bundler", .operand = OPERAND_COMMAND, .subs = "exec" },
	{ .names = "npx npx-cli bunx pnpx",
	  .operand = OPERAND_COMMAND,
	  .options = { [OPTION_VALUE] = "-p --package", [OPTION_INLINE] = "-c --call" } },
};

static const struct known_class known_classes[] = {
	{ "org.springframework.boot.loader.JarLauncher", NULL },
	{ "org.springframework.boot.loader.WarLauncher", NULL },
	{ "org.springframework.boot.loader.PropertiesLauncher", NULL },
	{ "org.springframework.boot.loader.launch.JarLauncher", NULL },
	{ "org.springframework.boot.loader.launch.WarLauncher", NULL },
	{ "org.springframework.boot.loader.launch.PropertiesLauncher", NULL },
	{ "io.quarkus.bootstrap.runner.QuarkusEntryPoint", NULL },
	{ "org.codehaus.plexus.classworlds.launcher.Launcher", NULL },
	{ "org.gradle.wrapper.GradleWrapperMain", NULL },
	{ "org.gradle.launcher.daemon.bootstrap.GradleDaemon", NULL },
	{ "clojure.main", NULL },
	{ "play.core.server.ProdServerStart", NULL },
	{ "org.apache.catalina.startup.Bootstrap", "tomcat" },
	{ "org.eclipse.jetty.start.Main", "jetty" },
	{ "org.jboss.modules.Main", "wildfly" },
	{ "kafka.Kafka", "kafka" },
	{ "org.apache.zookeeper.server.quorum.QuorumPeerMain", "zookeeper" },
	{ "org.elasticsearch.bootstrap.Elasticsearch", "elasticsearch" },
	{ "org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch", "elasticsearch" },
	{ "org.opensearch.bootstrap.OpenSearch", "opensearch" },
	{ "org.apache.cassandra.service.CassandraDaemon", "cassandra" },
};

/* python3.11 -> python, php-fpm8.2 -> php-fpm */
static struct slice without_version(struct slice name)
{
	while (name.n > 1 && strchr("0123456789.-", name.p[name.n - 1]) && name.p[name.n - 1])
		name.n--;
	return name;
}

const struct launcher *launcher_find(struct slice program)
{
	struct slice exact = path_base(program), plain = without_version(exact);

	for (size_t i = 0; i < ARRAY_SIZE(launchers); i++)
		if (word_is_one_of(plain, launchers[i].names) ||
		    word_is_one_of(exact, launchers[i].names))
			return &launchers[i];
	return NULL;
}

/* "--name" has its value next or after '='; "-n" next or attached. */
static bool option_is(const struct launcher *l, struct slice word, struct slice arg,
		      struct slice *ret_value)
{
	struct slice rest = slice_sub(arg, word.n, arg.n);
	bool is_short = word.n == 2 && !l->whole_words;

	if (!word.n || !slice_starts(arg, word))
		return false;
	if (rest.n && !is_short && rest.p[0] != '=')
		return false;
	if (rest.n && rest.p[0] == '=')
		rest = slice_sub(rest, 1, rest.n);
	*ret_value = rest;
	return true;
}

static enum option find_option(const struct launcher *l, struct slice arg, struct slice *ret_value)
{
	for (int kind = OPTION_VALUE; kind < OPTION__CNT; kind++) {
		struct slice words = slice_str(l->options[kind]);

		while (words.n)
			if (option_is(l, slice_split(&words, ' '), arg, ret_value))
				return (enum option)kind;
	}
	return OPTION_FLAG;
}

enum option launcher_option(const struct launcher *l, struct slice arg, struct slice *ret_value)
{
	enum option kind = find_option(l, arg, ret_value);

	/*
	 * -um: flags in front of the one with a value. The pieces are looked up with the dash put
	 * back.
	 */
	for (size_t i = 1; kind == OPTION_FLAG && l->flags && i + 1 < arg.n; i++) {
		char word[3] = { '-', arg.p[i + 1], '\0' };

		if (!arg.p[i] || !strchr(l->flags, arg.p[i]))
			break;
		kind = find_option(l, SLICE(word), ret_value);
		if (kind != OPTION_FLAG)
			*ret_value = slice_sub(arg, i + 2, arg.n);
	}
	return kind;
}

const struct known_class *known_class_find(struct slice class_name)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_classes); i++)
		if (slice_eq(slice_str(known_classes[i].class_name), class_name))
			return &known_classes[i];
	return NULL;
}
