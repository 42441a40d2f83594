/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The front of the link tests on what C++ and the system have. HOW says who makes the calls:
 *
 *	one, all, shared	WORKERS threads, to which the thread of the connection hands the call through a queue with a
 *			mutex and a condition variable, and waits
 *	  one		notify_one() of the queue; each call has a std::future of its own
 *	  all		notify_all() of the queue: every idle worker wakes, one finds the call
 *	  shared	notify_one(); answers are announced to all who wait, by one condition variable
 *	inherited	one of WORKERS processes that accept from the same listener, and serve one connection at a time
 *	reuseport	the same with a listener each
 *	child		a process that such a one makes for the call, and waits for
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

struct job {
	const std::string token;
	std::promise<void> done;
	bool finished = false;

	explicit job(const std::string &token) : token(token) {}
};

class jobs
{
	std::mutex lock;
	std::condition_variable more, finished;
	std::deque<std::shared_ptr<job>> waiting;
	const std::string how;

      public:
	explicit jobs(const char *how) : how(how) {}

	void run(const std::string &token)
	{
		auto j = std::make_shared<job>(token);
		{
			std::lock_guard<std::mutex> held(lock);
			waiting.push_back(j);
		}
		if (how == "all")
			more.notify_all();
		else
			more.notify_one();
		if (how != "shared") {
			j->done.get_future().wait();
			return;
		}
		std::unique_lock<std::mutex> held(lock);
		finished.wait(held, [&] { return j->finished; });
	}

	std::shared_ptr<job> next()
	{
		std::unique_lock<std::mutex> held(lock);
		more.wait(held, [&] { return !waiting.empty(); });
		std::shared_ptr<job> first = waiting.front();
		waiting.pop_front();
		return first;
	}

	void finish(const std::shared_ptr<job> &j)
	{
		if (how != "shared") {
			j->done.set_value();
			return;
		}
		std::lock_guard<std::mutex> held(lock);
		j->finished = true;
		finished.notify_all();
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

static void call(int backend, const std::string &token)
{
	send_all(backend, "GET /data/" + token + " HTTP/1.1\r\nHost: back\r\n\r\n");
	read_answer(backend);
}

static void work(jobs *queue)
{
	int backend = connect_backend();

	for (;;) {
		std::shared_ptr<job> j = queue->next();
		call(backend, j->token);
		queue->finish(j);
	}
}

static void call_in_child(const std::string &token)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child) {
		call(connect_backend(), token);
		_exit(0);
	}
	waitpid(child, nullptr, 0);
}

static std::string draw(const std::string &id, int truth)
{
	static thread_local std::mt19937_64 random{ std::random_device{}() };
	char token[17];

	snprintf(token, sizeof(token), "%016llx", (unsigned long long)random());
	std::string line = id + " " + token + "\n";
	if (write(truth, line.data(), line.size()) != (ssize_t)line.size())
		die("TRUTH");
	return token;
}

using caller = std::function<void(const std::string &token)>;

static void serve(int fd, const caller &calls, int truth)
{
	for (;;) {
		std::string request = read_message(fd);
		if (request.empty())
			break;
		size_t begin = request.find("/work/") + 6;
		calls(draw(request.substr(begin, request.find(' ', begin) - begin), truth));
		send_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwork\n");
	}
	close(fd);
}

static int listen_here(bool reuse)
{
	sockaddr_in a = address("127.0.0.1", atoi(getenv("PORT")));
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

[[noreturn]] static void by_threads(const char *how, int workers, int truth)
{
	static jobs queue(how);
	int listener = listen_here(false);

	while (workers--)
		std::thread(work, &queue).detach();
	for (;;)
		std::thread(
			serve, accept_one(listener),
			[](const std::string &token) { queue.run(token); }, truth)
			.detach();
}

[[noreturn]] static void be_process(const std::string &how, int listener, int truth)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (listener < 0)
		listener = listen_here(true);
	int backend = how == "child" ? -1 : connect_backend();
	for (;;)
		serve(
			accept_one(listener),
			[=](const std::string &token) {
				if (backend < 0)
					call_in_child(token);
				else
					call(backend, token);
			},
			truth);
}

static void by_processes(const std::string &how, int workers, int truth)
{
	int listener = how == "reuseport" ? -1 : listen_here(false);

	while (workers--)
		if (!fork())
			be_process(how, listener, truth);
	for (;;)
		pause();
}

int main()
{
	const char *path = getenv("TRUTH");
	const std::string how = getenv("HOW");
	int truth =
		open(path ? path : "/dev/null", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	int workers = atoi(getenv("WORKERS"));

	if (how == "one" || how == "all" || how == "shared")
		by_threads(how.c_str(), workers, truth);
	by_processes(how, workers, truth);
}
