/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The front of the link tests on what C++ and the system have. A request makes CALLS calls, one after the other. HOW says
 * who makes them:
 *
 *	one	WORKERS threads, to which the thread of the connection hands each call through a queue with a mutex and a
 *		condition variable, and waits: notify_one() of the queue, and a std::future for each call
 *	all	notify_all() of the queue: every idle worker wakes, one finds the call
 *	shared	notify_one(); answers are announced to all who wait, by one condition variable
 *	writes	such a worker makes all calls of the request, and writes the response
 *	stages	each call is a job of its own, by any worker; the last one writes the response
 *	inherited	one of WORKERS processes that accept from the same listener, and serve one connection at a time
 *	reuseport	the same with a listener each
 *	child	a process that such a one makes for the call, and waits for
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>

using job = std::function<void(int backend)>;

class jobs
{
	std::mutex lock;
	std::condition_variable more;
	std::deque<job> waiting;
	const bool wakes_all;

      public:
	explicit jobs(bool wakes_all) : wakes_all(wakes_all) {}

	void push(const job &j)
	{
		{
			std::lock_guard<std::mutex> held(lock);
			waiting.push_back(j);
		}
		if (wakes_all)
			more.notify_all();
		else
			more.notify_one();
	}

	job next()
	{
		std::unique_lock<std::mutex> held(lock);
		more.wait(held, [&] { return !waiting.empty(); });
		job first = waiting.front();
		waiting.pop_front();
		return first;
	}
};

[[noreturn]] static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void send_all(int fd, const std::string &text)
{
	if (write(fd, text.data(), text.size()) != (ssize_t)text.size())
		die("write");
}

/* A head without a body, or with one that came along; "": the connection is over. */
static std::string read_message(int fd)
{
	char buf[4096];
	std::string got;

	while (got.find("\r\n\r\n") == std::string::npos) {
		ssize_t n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			return "";
		got.append(buf, n);
	}
	return got;
}

static void read_answer(int fd)
{
	std::string got = read_message(fd);
	size_t head = got.find("\r\n\r\n") + 4, at = got.find("Content-Length: ");
	size_t want =
		head + (at == std::string::npos ? 0 : strtoul(got.c_str() + at + 16, nullptr, 10));
	char buf[4096];

	while (got.size() < want) {
		ssize_t n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			die("the backend has gone");
		got.append(buf, n);
	}
}

static sockaddr_in address(const char *host, int port)
{
	sockaddr_in a = {};

	a.sin_family = AF_INET;
	a.sin_port = htons(port);
	inet_pton(AF_INET, host, &a.sin_addr);
	return a;
}

static void set_nodelay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static int connect_backend()
{
	char host[64];
	int port;

	if (sscanf(getenv("BACKEND"), "http://%63[^:]:%d", host, &port) != 2)
		die("BACKEND");
	sockaddr_in a = address(host, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (sockaddr *)&a, sizeof(a)))
		die("connect");
	set_nodelay(fd);
	return fd;
}

static int truth;

static std::string draw(const std::string &id)
{
	static thread_local std::mt19937_64 random{ std::random_device{}() };
	char token[17];

	snprintf(token, sizeof(token), "%016llx", (unsigned long long)random());
	std::string line = id + " " + token + "\n";
	if (write(truth, line.data(), line.size()) != (ssize_t)line.size())
		die("TRUTH");
	return token;
}

static void call(int backend, const std::string &id)
{
	send_all(backend, "GET /data/" + draw(id) + " HTTP/1.1\r\nHost: back\r\n\r\n");
	read_answer(backend);
}

static void answer(int fd)
{
	send_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwork\n");
}

static void call_in_child(const std::string &id)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child) {
		call(connect_backend(), id);
		_exit(0);
	}
	waitpid(child, nullptr, 0);
}

static void wait_for(jobs &queue, const std::string &id)
{
	auto done = std::make_shared<std::promise<void>>();

	queue.push([=](int backend) {
		call(backend, id);
		done->set_value();
	});
	done->get_future().wait();
}

static void wait_with_others(jobs &queue, const std::string &id)
{
	static std::mutex lock;
	static std::condition_variable finished;
	auto done = std::make_shared<bool>(false);

	queue.push([=](int backend) {
		call(backend, id);
		std::lock_guard<std::mutex> held(lock);
		*done = true;
		finished.notify_all();
	});
	std::unique_lock<std::mutex> held(lock);
	finished.wait(held, [&] { return *done; });
}

static void stage(jobs &queue, int fd, const std::string &id, int left)
{
	queue.push([=, &queue](int backend) {
		call(backend, id);
		if (left > 1)
			stage(queue, fd, id, left - 1);
		else
			answer(fd);
	});
}

/* Answers the request, or has it answered. */
using handler = std::function<void(int fd, const std::string &id)>;

static void serve(int fd, const handler &handle)
{
	for (;;) {
		std::string request = read_message(fd);
		if (request.empty())
			break;
		size_t begin = request.find("/work/") + 6;
		handle(fd, request.substr(begin, request.find(' ', begin) - begin));
	}
	close(fd);
}

static int number(const char *name)
{
	const char *text = getenv(name);

	return text ? atoi(text) : 1;
}

static handler calling(int calls, const std::function<void(const std::string &id)> &makes_call)
{
	return [=](int fd, const std::string &id) {
		for (int n = 0; n < calls; n++)
			makes_call(id);
		answer(fd);
	};
}

static handler handler_of(const std::string &how, jobs &queue, int calls)
{
	if (how == "writes")
		return [&, calls](int fd, const std::string &id) {
			queue.push([=](int backend) {
				calling(calls, [=](auto &i) { call(backend, i); })(fd, id);
			});
		};
	if (how == "stages")
		return [&, calls](int fd, const std::string &id) { stage(queue, fd, id, calls); };
	if (how == "shared")
		return calling(calls, [&](const std::string &id) { wait_with_others(queue, id); });
	return calling(calls, [&](const std::string &id) { wait_for(queue, id); });
}

static int listen_here(bool reuse)
{
	sockaddr_in a = address("127.0.0.1", number("PORT"));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, reuse ? SO_REUSEPORT : SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (sockaddr *)&a, sizeof(a)) || listen(fd, 256))
		die("listen");
	return fd;
}

static int accept_one(int listener)
{
	int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);

	if (fd < 0)
		die("accept");
	set_nodelay(fd);
	return fd;
}

static void work(jobs *queue)
{
	int backend = connect_backend();

	for (;;)
		queue->next()(backend);
}

[[noreturn]] static void by_threads(const std::string &how, int workers)
{
	static jobs queue(how == "all");
	static const handler handle = handler_of(how, queue, number("CALLS"));
	int listener = listen_here(false);

	while (workers--)
		std::thread(work, &queue).detach();
	for (;;)
		std::thread(serve, accept_one(listener), handle).detach();
}

[[noreturn]] static void be_process(const std::string &how, int listener)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (listener < 0)
		listener = listen_here(true);
	int backend = how == "child" ? -1 : connect_backend();
	handler handle = calling(number("CALLS"), [=](const std::string &id) {
		if (backend < 0)
			call_in_child(id);
		else
			call(backend, id);
	});
	for (;;)
		serve(accept_one(listener), handle);
}

[[noreturn]] static void by_processes(const std::string &how, int workers)
{
	int listener = how == "reuseport" ? -1 : listen_here(false);

	while (workers--)
		if (!fork())
			be_process(how, listener);
	for (;;)
		pause();
}

int main()
{
	const char *path = getenv("TRUTH");
	const std::string how = getenv("HOW");

	truth = open(path ? path : "/dev/null", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (how == "inherited" || how == "reuseport" || how == "child")
		by_processes(how, number("WORKERS"));
	by_threads(how, number("WORKERS"));
}
