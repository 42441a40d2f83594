/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names a person would give. A row is a process; the command line's arguments stand between
 * '|'.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "host/services.h"

struct row {
	const char *want;
	const char *command;
	const char *cwd; /* NULL: / */
	const char *exe; /* NULL: /usr/bin/ and the base name of the first argument */
};

#define ROW_AS(want, command, cwd, exe) \
	{                               \
		want, command, cwd, exe \
	}
#define ROW_IN(want, command, cwd) ROW_AS(want, command, cwd, NULL)
#define ROW(want, command)         ROW_IN(want, command, NULL)

static const struct row python_rows[] = {
	ROW("service-a", "python3|service-a.py"),
	ROW("service-a", "/usr/bin/python3.11|/srv/demo/service-a.py|--port|5000"),
	ROW("service-a", "python3|-u|-X|dev|-W|ignore|service-a.py"),
	ROW("service-a", "python3|-Wignore|-Xdev|./service-a.py"),
	ROW_IN("checkout", "python3|app.py", "/home/alice/checkout"),
	ROW_IN("checkout", "python|src/main.py", "/srv/checkout"),
	ROW_IN("checkout", "python|../checkout/./app.py", "/srv/shop"),
	ROW_IN("checkout", "python|app.py", "/srv/checkout/releases/20240131120000"),
	ROW("my shop", "python|/opt/my shop/main.py"),
	ROW_IN("app", "python|app.py", "/home/alice"),
	ROW_IN("app", "python|app.py", "/app"),
	ROW_IN("app", "python|app.py", "/tmp/tmp.a8Xk2lQ"),
	ROW("shop", "gunicorn|shop.wsgi:app"),
	ROW("shop",
	    "/venv/bin/python|/venv/bin/gunicorn|-w|4|-k|gthread|-b|localhost:5000|shop.wsgi:app"),
	ROW("shop", "gunicorn|--unknown|localhost:80|shop:create_app()"),
	ROW_IN("checkout", "gunicorn|app:app", "/srv/checkout"),
	ROW_IN("checkout", "gunicorn|-c|gunicorn.conf.py", "/srv/checkout"),
	ROW_IN("orders", "gunicorn|app:app|-n|orders", "/srv/checkout"),
	ROW_AS("shop", "gunicorn: master [shop.wsgi:app]", "/", "/usr/bin/python3.11"),
	ROW_AS("shop", "gunicorn: worker [shop.wsgi:app]", "/", "/usr/bin/python3.11"),
	ROW_AS("checkout", "gunicorn: worker [app:app]", "/srv/checkout", "/usr/bin/python3.11"),
	ROW("pkg", "python|-m|pkg.mod"),
	ROW("pkg", "python|-mpkg.mod"),
	ROW("pkg", "python|-um|pkg.mod"),
	ROW("checkout", "python3|-m|acme.checkout.server"),
	ROW("worker", "python3|-m|worker"),
	ROW_IN("checkout", "python3|-m|main", "/srv/checkout/src"),
	ROW("http.server", "python3|-m|http.server|8000"),
	ROW("x", "python|-m|flask|--app|x|run"),
	ROW("x", "python|-mflask|--app|x|run"),
	ROW("shop", "python|-m|uvicorn|shop.main:app|--port|80"),
	ROW("shop", "python|-m|gunicorn.app.wsgiapp|shop.wsgi:app"),
	ROW("shop", "flask|--app|shop|run"),
	ROW("shop", "/venv/bin/python3|/venv/bin/flask|--app=shop.web:create_app('x')|run"),
	ROW_IN("checkout", "flask|run|--port|5000", "/home/alice/checkout"),
	ROW("shop", "uvicorn|--host|0.0.0.0|--port|80|shop.main:app"),
	ROW("shop", "uvicorn|shop.api:app|--reload"),
	ROW_IN("checkout", "uvicorn|main:app", "/srv/checkout/app"),
	ROW("shop", "hypercorn|-b|:80|shop.asgi:app"),
	ROW("shop", "daphne|-p|80|shop.asgi:application"),
	ROW("proj", "celery|-A|proj|worker|-l|info"),
	ROW("shop", "python3|-m|celery|--app=shop.celery|worker"),
	ROW_IN("checkout", "python|manage.py|runserver|0.0.0.0:80", "/srv/checkout"),
	ROW("shop", "uwsgi|--http|:80|--module|shop.wsgi"),
	ROW("shop", "fastapi|run|shop.py"),
	ROW("python3", "python3|-c|import shop; shop.run()"),
	ROW("python3", "python3"),
	ROW("python3", "python3|-"),
	ROW_AS("shop-worker", "shop-worker", "/", "/usr/bin/python3.11"),
};

static const struct row node_rows[] = {
	ROW_IN("checkout", "node|server.js", "/home/alice/checkout"),
	ROW("checkout", "node|/srv/checkout/dist/index.js"),
	ROW("billing", "node|--require|./otel.js|--inspect=0.0.0.0:9229|billing.js"),
	ROW_IN("checkout", "node|-r|dotenv/config|src/app.mjs", "/srv/checkout"),
	ROW_AS("checkout", "npm start", "/srv/checkout", "/usr/bin/node"),
	ROW_AS("checkout", "npm run dev", "/srv/checkout", "/usr/bin/node"),
	ROW_IN("checkout", "node|/usr/lib/node_modules/npm/bin/npm-cli.js|start", "/srv/checkout"),
	ROW_IN("checkout", "yarn|start", "/srv/checkout"),
	ROW_IN("checkout", "npx|next|start", "/srv/checkout"),
	ROW_IN("checkout", "node|/srv/checkout/node_modules/.bin/next|start", "/srv/checkout"),
	ROW_IN("serve-static", "npx|serve-static|x", "/srv/checkout"),
	ROW_IN("checkout", "node|/x/node_modules/.bin/nodemon|server.js", "/srv/checkout"),
	ROW_AS("shop-api", "shop-api", "/srv/checkout", "/usr/bin/node"),
	ROW_IN("checkout", "bun|run|index.ts", "/srv/checkout"),
	ROW("shop", "deno|run|--allow-net|shop.ts"),
	ROW("node", "node|-e|1"),
};

static const struct row java_rows[] = {
	ROW("shop", "java|-jar|shop-1.2.3.jar"),
	ROW("shop", "java|-Xmx1g|-jar|/opt/x/shop-1.2.3-SNAPSHOT.jar|--server.port=80"),
	ROW("shop", "java|-jar|shop-fat.jar"),
	ROW_IN("checkout", "java|-jar|app.jar", "/srv/checkout"),
	ROW("checkout", "java|-jar|/srv/checkout/target/quarkus-app/quarkus-run.jar"),
	ROW("acme", "java|com.acme.Main"),
	ROW("acme", "java|-Xmx1g|-cp|a:b|-Dx=y|com.acme.Main|arg"),
	ROW("Shop", "java|com.acme.ShopApplication"),
	ROW("OrderService", "java|-classpath|x|com.acme.OrderService"),
	ROW_IN("checkout", "java|org.springframework.boot.loader.JarLauncher", "/srv/checkout"),
	ROW_IN("checkout", "java|org.springframework.boot.loader.launch.JarLauncher",
	       "/srv/checkout"),
	ROW("orders", "java|-javaagent:otel.jar|-Dotel.service.name=orders|-jar|app.jar"),
	ROW("orders", "java|-jar|app.jar|--spring.application.name=orders"),
	ROW("tomcat", "java|-cp|x|org.apache.catalina.startup.Bootstrap|start"),
	ROW("acme", "java|-m|acme.mod/com.acme.Main"),
	ROW_IN("checkout", "java|Main", "/srv/checkout"),
	ROW_IN("java", "java|-version", "/srv/checkout"),
};

static const struct row other_rows[] = {
	ROW("Shop", "dotnet|Shop.dll"),
	ROW("Shop.Api", "dotnet|exec|--runtimeconfig|x.json|/app/Shop.Api.dll"),
	ROW_IN("checkout", "dotnet|run", "/srv/checkout"),
	ROW("Shop", "dotnet|run|--project|src/Shop"),
	ROW_IN("checkout", "ruby|bin/rails|s", "/srv/checkout"),
	ROW_AS("checkout", "puma 5.6 (tcp://0.0.0.0:3000) [checkout]", "/", "/usr/bin/ruby2.7"),
	ROW_AS("checkout", "puma: cluster worker 1: 4242 [checkout]", "/", "/usr/bin/ruby2.7"),
	ROW_AS("checkout", "puma 5.6 (tcp://0.0.0.0:3000) [app]", "/srv/checkout/app",
	       "/usr/bin/ruby"),
	ROW_AS("checkout", "sidekiq 6.5.1 checkout [0 of 5 busy]", "/", "/usr/bin/ruby"),
	ROW_IN("checkout", "bundle|exec|puma|-C|config/puma.rb", "/srv/checkout"),
	ROW_AS("php-fpm", "php-fpm: pool www", "/", "/usr/sbin/php-fpm8.2"),
	ROW_IN("checkout", "php|artisan|serve", "/srv/checkout"),
	ROW_AS("nginx", "nginx: master process /usr/sbin/nginx -g daemon off;", "/",
	       "/usr/sbin/nginx"),
	ROW_AS("nginx", "nginx: worker process", "/", "/usr/sbin/nginx"),
	ROW_AS("redis-server", "/usr/bin/redis-server *:6379", "/", "/usr/bin/redis-check-rdb"),
	ROW_AS("postgres", "postgres: shop shop [local] idle", "/",
	       "/usr/lib/postgresql/15/bin/postgres"),
	ROW_IN("sh", "sh|-c|cd /x && python app.py", "/srv/checkout"),
	ROW("deploy", "/bin/bash|./deploy.sh|now"),
	ROW("bash", "bash|/dev/fd/3"),
	ROW_IN("checkout", "bash|run.sh", "/srv/checkout"),
	ROW_AS("bash", "-bash", "/", "/usr/bin/bash"),
	ROW_AS("shop", "/tmp/go-build123/b001/exe/shop", "/src", "/tmp/go-build123/b001/exe/shop"),
	ROW_AS("checkout", "/tmp/go-build123/b001/exe/main", "/home/a/checkout",
	       "/tmp/go-build123/b001/exe/main"),
	ROW_AS("checkout", "./server", "/", "/home/a/checkout/target/release/server"),
	ROW_AS("checkout", "./a.out", "/", "/home/a/checkout/a.out (deleted)"),
	ROW_AS("shop", "", "/", "/opt/shop/bin/shop (deleted)"),
	ROW_AS("my app", "/opt/my app", "/", "/opt/my app"),
	ROW("shop", "env|X=1|Y=2|python|-u|shop.py"),
	ROW("shop", "sudo|-u|www|-E|env|A=b|gunicorn|shop.wsgi"),
	ROW("shop", "timeout|-k|5|10|nice|-n|5|/usr/local/bin/shop|--x"),
	ROW("shop", "tini|--|node|shop.js"),
	ROW("shop", "opentelemetry-instrument|--service_name|shop|python|app.py"),
	ROW("shop", "ddtrace-run|gunicorn|shop.wsgi"),
	ROW_AS("httpd", "httpd|-f|-p|80", "/", "/bin/busybox"),
	ROW_AS("shop", "custom|shop.py", "/", "/usr/bin/python3.11"),
	ROW("env", "env|env|env|env|env|env|env|env|env|env|env|python|x.py"),
	ROW("env", "env|"),
	ROW("a_", "a\n|x"),
};

static char *text(const char *s)
{
	return strdup(s ? s : "");
}

static void add_args(struct proc_facts *f, const char *command)
{
	struct slice rest = slice_str(command);

	f->args = calloc(64, sizeof(*f->args));
	while (rest.n && f->args_cnt < 63)
		f->args[f->args_cnt++] = slice_dup(slice_split(&rest, '|'));
}

static struct proc_facts process(const struct row *r)
{
	struct proc_facts f = { .tgid = 1, .comm = "comm" };
	char exe[256] = "/usr/bin/";

	add_args(&f, r->command);
	if (f.args_cnt) {
		const char *slash = strrchr(f.args[0], '/');

		strncat(exe, slash ? slash + 1 : f.args[0], 200);
	}
	f.exe = text(r->exe ? r->exe : exe);
	f.cwd = text(r->cwd ? r->cwd : "/");
	f.cgroup = text("/");
	f.owner = text("root");
	f.service_name = text("");
	f.resource_attributes = text("");
	f.sdk = text("");
	f.context = text("");
	return f;
}

static void check_rows(const struct row *rows, size_t n)
{
	unsigned bad = 0;

	for (size_t i = 0; i < n; i++) {
		_cleanup_(facts_release) struct proc_facts f = process(&rows[i]);
		_cleanup_(freep) char *name = service_name_of(&f);

		if (strcmp(name, rows[i].want)) {
			print_error("'%s' in %s: want '%s', got '%s'\n", rows[i].command, f.cwd,
				    rows[i].want, name);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

static void names_python(void **state)
{
	check_rows(python_rows, ARRAY_SIZE(python_rows));
}

static void names_node(void **state)
{
	check_rows(node_rows, ARRAY_SIZE(node_rows));
}

static void names_java(void **state)
{
	check_rows(java_rows, ARRAY_SIZE(java_rows));
}

static void names_others(void **state)
{
	check_rows(other_rows, ARRAY_SIZE(other_rows));
}

static const struct {
	const char *want, *cgroup;
} unit_rows[] = {
	{ "shop", "/system.slice/shop.service" },
	{ "shop", "/system.slice/shop.service/worker" },
	{ "my-shop", "/system.slice/my\\x2dshop.service" },
	{ "shop", "/system.slice/system-gunicorn.slice/gunicorn@shop.service" },
	{ "worker", "/system.slice/system-worker.slice/worker@2.service" },
	{ "postgresql", "/system.slice/system-postgresql.slice/postgresql@15-main.service" },
	{ "podcast", "/system.slice/podcast.service" },
	{ "shop", "/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service" },
	{ "web1", "/lxc.payload.web1" },
	{ "shop", "/lxc.payload.web1/system.slice/shop.service" },
	/* none of these: the command names it */
	{ "x", "/" },
	{ "x", "" },
	{ "x", "/init.scope" },
	{ "x", "/user.slice/user-1000.slice/session-1.scope" },
	{ "x", "/user.slice/user-1000.slice/user@1000.service" },
	{ "x", "/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope" },
	{ "x", "/system.slice/ssh.service" },
	{ "x", "/system.slice/cron.service" },
	{ "x", "/system.slice/containerd.service" },
	{ "x", "/system.slice/gunicorn.service" },
	{ "x", "/system.slice/gunicorn@1.service" },
	{ "x", "/system.slice/system-ssh.slice/sshd@1-2.service" },
	{ "x", "/system.slice/"
	       "docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope" },
	{ "x", "/system.slice/docker.service/docker/"
	       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" },
	{ "x", "/system.slice/kubelet.service/kubepods/pod01234567-89ab-cdef-0123-456789abcdef/x" },
	{ "x", "////" },
	{ "x", "/.service" },
	{ "x", "/@.service" },
};

static void names_units(void **state)
{
	static const struct row r = { .command = "python|x.py" };

	for (size_t i = 0; i < ARRAY_SIZE(unit_rows); i++) {
		_cleanup_(facts_release) struct proc_facts f = process(&r);
		_cleanup_(freep) char *name = NULL;

		free(f.cgroup);
		f.cgroup = text(unit_rows[i].cgroup);
		name = service_name_of(&f);
		if (strcmp(name, unit_rows[i].want))
			fail_msg("%s: want '%s', got '%s'", f.cgroup, unit_rows[i].want, name);
	}
}

static char *name_with(const char *service_name, const char *attributes, bool on_terminal)
{
	static const struct row r = { .command = "python|x.py" };
	_cleanup_(facts_release) struct proc_facts f = process(&r);

	free(f.service_name);
	free(f.resource_attributes);
	free(f.cgroup);
	f.service_name = text(service_name);
	f.resource_attributes = text(attributes);
	f.cgroup = text("/system.slice/unit.service");
	f.on_terminal = on_terminal;
	return service_name_of(&f);
}

static void own_word_wins(void **state)
{
	static const struct {
		const char *want, *name, *attributes;
		bool on_terminal;
	} rows[] = {
		{ "mine", "mine", "service.name=other", false },
		{ "other", "", "a=b,service.name=other", false },
		{ "my shop", "", "service.name=my%20shop", false },
		{ "unit", "", "service.name=", false },
		{ "unit", "", "service.name=other,broken", false },
		{ "unit", "", "service.name=%zz", false },
		{ "unit", "", "", false },
		{ "x", "", "", true },
		{ "a_b", "a\nb", "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(freep) char *name =
			name_with(rows[i].name, rows[i].attributes, rows[i].on_terminal);

		assert_string_equal(name, rows[i].want);
	}
}

static void nothing_known(void **state)
{
	static const struct row r = { .command = "", .exe = "" };
	_cleanup_(facts_release) struct proc_facts f = process(&r);
	_cleanup_(freep) char *by_comm = service_name_of(&f), *by_nothing = NULL;

	assert_string_equal(by_comm, "unknown_service:comm");
	memset(f.comm, 0, sizeof(f.comm));
	by_nothing = service_name_of(&f);
	assert_string_equal(by_nothing, "unknown_service");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_python),  cmocka_unit_test(names_node),
		cmocka_unit_test(names_java),    cmocka_unit_test(names_others),
		cmocka_unit_test(names_units),   cmocka_unit_test(own_word_wins),
		cmocka_unit_test(nothing_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
