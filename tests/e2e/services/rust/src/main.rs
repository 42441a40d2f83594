// SPDX-License-Identifier: GPL-2.0-only

// The front of the truth runs on tokio, axum and reqwest. HOW says who makes the calls of a request:
//
//   direct     the handler
//   sequence   the handler, three, one after the other
//   join       the handler, three at once
//   spawn      two tasks that the handler starts and waits for, one after the other
//   swapped    the same, for the second one first
//   listed     three such, in a list that grows
//   early      one, which the handler waits for after a call of its own
//   joinall    three, for all of which the handler waits at once
//   joinset    two, as a set
//   gathered   three, each looked at only when it was woken
//   unordered  the handler, three at once, each polled only when it was woken
//   inline     the same, not in boxes
//   worker     tasks fed by a channel; each job brings the channel for its answer
//   limit      the handler, which has to wait for one of a few permits
//   raw        the handler, on a connection of its own from a small pool, without HTTP's library
//   rawworker  such workers, on such connections
//   blocking   a thread that may block, on such a connection; the handler waits for it
//   later      a task that nobody waits for
//   none       nobody
//
// Each call has a token that is drawn at random and written down only in TRUTH, so that nothing on the wire tells which
// request a call belongs to. FLAVOR=current: everything runs in one thread.

use std::env;
use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{BufRead, BufReader as BlockingReader, Read, Write};
use std::net::TcpStream as BlockingStream;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::routing::get;
use axum::Router;
use futures_util::future::{join_all, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot, Semaphore};
use tokio::task::{spawn, spawn_blocking, JoinHandle, JoinSet};

const FEW: usize = 8;
const WORKERS: usize = 16;
const GET: &str = "GET /data/TOKEN HTTP/1.1\r\nHost: back\r\n\r\n";

struct Job {
    token: String,
    answer: oneshot::Sender<usize>,
}

struct Front {
    how: String,
    backend: String,
    truth: File,
    seed: u64,
    drawn: AtomicU64,
    client: reqwest::Client,
    permits: Semaphore,
    idle: tokio::sync::Mutex<Vec<BufReader<TcpStream>>>,
    idle_blocking: Mutex<Vec<BlockingReader<BlockingStream>>>,
    jobs: mpsc::Sender<Job>,
}

type Shared = Arc<Front>;

fn seed() -> u64 {
    let mut bytes = [0; 8];
    File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut bytes)).expect("/dev/urandom");
    u64::from_ne_bytes(bytes)
}

impl Front {
    /// Writes down that a call is made for the request, and which; returns its token.
    fn note(&self, request: &str) -> String {
        let n = self.drawn.fetch_add(1, Ordering::Relaxed);
        let token = format!("{:016x}{n:x}", (self.seed ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        (&self.truth).write_all(format!("{request} {token}\n").as_bytes()).expect("TRUTH");
        token
    }

    fn address(&self) -> &str {
        self.backend.trim_start_matches("http://")
    }

    async fn call(&self, token: String) -> usize {
        let answer = self.client.get(format!("{}/data/{token}", self.backend)).send().await.expect("call");
        answer.bytes().await.expect("body").len()
    }

    async fn call_raw(&self, token: String) -> usize {
        let idle = self.idle.lock().await.pop();
        let mut conn = match idle {
            Some(conn) => conn,
            None => BufReader::new(TcpStream::connect(self.address()).await.expect("connect")),
        };
        conn.write_all(GET.replace("TOKEN", &token).as_bytes()).await.expect("send");
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            conn.read_line(&mut line).await.expect("head");
            length = length_in(&line).unwrap_or(length);
        }
        let mut body = vec![0; length];
        conn.read_exact(&mut body).await.expect("body");
        self.idle.lock().await.push(conn);
        length
    }

    fn call_blocking(&self, token: String) -> usize {
        let idle = self.idle_blocking.lock().unwrap().pop();
        let mut conn = idle
            .unwrap_or_else(|| BlockingReader::new(BlockingStream::connect(self.address()).expect("connect")));
        conn.get_mut().write_all(GET.replace("TOKEN", &token).as_bytes()).expect("send");
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            conn.read_line(&mut line).expect("head");
            length = length_in(&line).unwrap_or(length);
        }
        let mut body = vec![0; length];
        conn.read_exact(&mut body).expect("body");
        self.idle_blocking.lock().unwrap().push(conn);
        length
    }

    async fn submit(&self, token: String) -> usize {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job { token, answer }).await.ok().expect("workers");
        answered.await.expect("answer")
    }
}

fn length_in(line: &str) -> Option<usize> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().expect("length"))
}

fn boxed<'a>(front: &'a Shared, request: &str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
    Box::pin(front.call(front.note(request)))
}

fn task(front: &Shared, request: &str) -> JoinHandle<usize> {
    let (f, token) = (front.clone(), front.note(request));
    spawn(async move { f.call(token).await })
}

async fn spawned(front: &Shared, request: &str) -> usize {
    let (a, b) = (task(front, request), task(front, request));
    a.await.expect("task") + b.await.expect("task")
}

async fn swapped(front: &Shared, request: &str) -> usize {
    let (a, b) = (task(front, request), task(front, request));
    b.await.expect("task") + a.await.expect("task")
}

async fn listed(front: &Shared, request: &str) -> usize {
    let (mut tasks, mut n) = (Vec::new(), 0);
    for _ in 0..3 {
        tasks.push(task(front, request));
    }
    for task in tasks {
        n += task.await.expect("task");
    }
    n
}

async fn early(front: &Shared, request: &str) -> usize {
    let other = task(front, request);
    front.call(front.note(request)).await + other.await.expect("task")
}

async fn in_set(front: &Shared, request: &str) -> usize {
    let mut set = JoinSet::new();
    for _ in 0..2 {
        let (f, token) = (front.clone(), front.note(request));
        set.spawn(async move { f.call(token).await });
    }
    set.join_all().await.into_iter().sum()
}

/// Each of them is polled only when it was woken.
async fn sum<F: Future<Output = usize>>(calls: impl Iterator<Item = F>) -> usize {
    calls.collect::<FuturesUnordered<_>>().fold(0, |sum, n| async move { sum + n }).await
}

async fn serve(State(front): State<Shared>, Path(request): Path<String>) -> String {
    let note = || front.note(&request);
    let n = match front.how.as_str() {
        "sequence" => front.call(note()).await + front.call(note()).await + front.call(note()).await,
        "join" => {
            let (a, b, c) = tokio::join!(front.call(note()), front.call(note()), front.call(note()));
            a + b + c
        }
        "spawn" => spawned(&front, &request).await,
        "joinset" => in_set(&front, &request).await,
        "swapped" => swapped(&front, &request).await,
        "listed" => listed(&front, &request).await,
        "early" => early(&front, &request).await,
        "joinall" => {
            let ended = join_all((0..3).map(|_| task(&front, &request))).await;
            ended.into_iter().map(|n| n.expect("task")).sum()
        }
        "gathered" => sum((0..3).map(|_| task(&front, &request).map(|n| n.expect("task")))).await,
        "unordered" => sum((0..3).map(|_| boxed(&front, &request))).await,
        "inline" => sum((0..3).map(|_| front.call(note()))).await,
        "worker" | "rawworker" => front.submit(note()).await,
        "limit" => {
            let _permit = front.permits.acquire().await.expect("permit");
            front.call(note()).await
        }
        "raw" => front.call_raw(note()).await,
        "blocking" => {
            let (f, token) = (front.clone(), note());
            spawn_blocking(move || f.call_blocking(token)).await.expect("thread")
        }
        "later" => {
            let (f, token) = (front.clone(), note());
            spawn(async move { f.call(token).await });
            0
        }
        "none" => 0,
        _ => front.call(note()).await,
    };
    format!("{n}\n")
}

async fn work(front: Shared, jobs: Arc<tokio::sync::Mutex<mpsc::Receiver<Job>>>) {
    loop {
        let Some(job) = jobs.lock().await.recv().await else { return };
        let n = match front.how.as_str() {
            "rawworker" => front.call_raw(job.token).await,
            _ => front.call(job.token).await,
        };
        job.answer.send(n).ok();
    }
}

fn env_or(name: &str, otherwise: &str) -> String {
    env::var(name).unwrap_or_else(|_| otherwise.to_string())
}

async fn run() {
    let (jobs, queue) = mpsc::channel(1024);
    let truth = env_or("TRUTH", "/dev/null");
    let front = Arc::new(Front {
        how: env_or("HOW", "direct"),
        backend: env::var("BACKEND").expect("BACKEND"),
        truth: OpenOptions::new().append(true).create(true).open(truth).expect("TRUTH"),
        seed: seed(),
        drawn: AtomicU64::new(0),
        client: reqwest::Client::new(),
        permits: Semaphore::new(FEW),
        idle: Default::default(),
        idle_blocking: Default::default(),
        jobs,
    });
    let queue = Arc::new(tokio::sync::Mutex::new(queue));
    for _ in 0..WORKERS {
        spawn(work(front.clone(), queue.clone()));
    }
    let app = Router::new().route("/work/{request}", get(serve)).with_state(front);
    let address = format!("127.0.0.1:{}", env::var("PORT").expect("PORT"));
    let listener = TcpListener::bind(address).await.expect("PORT");
    axum::serve(listener, app).await.expect("serve");
}

fn main() {
    let mut builder = match env_or("FLAVOR", "").as_str() {
        "current" => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.enable_all().build().expect("runtime").block_on(run());
}
