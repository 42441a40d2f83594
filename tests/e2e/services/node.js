// SPDX-License-Identifier: GPL-2.0-only
// Both sides of the truth runs in Node: `node.js front` or `node.js back`. HOW tells how the front calls the
// backend: a name of `shapes`, "-queue" behind it for a small pool of connections; before it "cluster-" for two
// processes, "worker-" for a thread beside the main one.
'use strict';
const cluster = require('node:cluster');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const { Worker, isMainThread } = require('node:worker_threads');

const { BACKEND, PORT, TRUTH = '/dev/null', HOW = 'callback' } = process.env;
const [, where, shape, queue] = HOW.match(/^(cluster-|worker-)?(.*?)(-queue)?$/);
const backend = BACKEND && new URL(BACKEND);
const agent = new http.Agent({ keepAlive: true, maxSockets: queue ? 8 : Infinity });
const truth = fs.openSync(TRUTH, 'a');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const turn = () => new Promise((done) => setImmediate(done));

const path = (id) => {
	const token = crypto.randomBytes(8).toString('hex');
	fs.writeSync(truth, `${id} ${token}\n`);
	return `/data/${token}`;
};

const call = (id, done, options) => {
	const to = { host: backend.hostname, port: backend.port, path: path(id), agent, ...options };
	http.get(to, (answer) => answer.resume().on('end', done)).on('error', done);
};
const called = (id, options) => new Promise((done) => call(id, done, options));
const fetched = async (id) => (await fetch(BACKEND + path(id))).text();

// At most four jobs at a time, the others wait in a list: no trigger says whose they are.
const waiting = [];
let running = 0;
const limited = (job) => new Promise((done) => {
	const run = async () => {
		running++;
		await job();
		running--;
		done();
		waiting.shift()?.();
	};
	if (running < 4)
		run();
	else
		waiting.push(run);
});

const shapes = {
	callback: (id, done) => call(id, done),
	await: async (id) => { await called(id); await called(id); },
	all: (id) => Promise.all([called(id), called(id), called(id)]),
	fetch: async (id) => { await fetched(id); await fetched(id); },
	fetchall: (id) => Promise.all([fetched(id), fetched(id)]),
	fresh: (id) => called(id, { agent: false }),
	name: (id) => called(id, { agent: false, host: 'localhost', family: 4 }),
	timer: async (id) => { await sleep(5 * Math.random()); await called(id); },
	timercallback: (id, done) => setTimeout(() => call(id, done), 5 * Math.random()),
	immediate: async (id) => { await turn(); await called(id); },
	immediatecallback: (id, done) => setImmediate(() => call(id, done)),
	between: async (id) => { await called(id); await sleep(5 * Math.random()); await called(id); },
	lonely: async (id) => { await sleep(5 * Math.random()); await fetched(id); await sleep(5 * Math.random()); },
	file: async (id) => { await fs.promises.stat('/etc/hosts'); await called(id); },
	filecallback: (id, done) => fs.stat('/etc/hosts', () => call(id, done)),
	fileafter: async (id) => { await called(id); await fs.promises.stat('/etc/hosts'); },
	limit: (id) => limited(() => called(id)),
};

const sides = {
	front: (request, response) => {
		const done = () => response.end('done\n');
		shapes[shape](request.url.split('/')[2], done)?.then?.(done);
	},
	back: (_, response) => setTimeout(() => response.end('data\n'), 10 * Math.random()),
};

if (where === 'cluster-' && cluster.isPrimary) {
	cluster.fork();
	cluster.fork();
} else if (where === 'worker-' && isMainThread) {
	new Worker(__filename, { argv: process.argv.slice(2) });
} else {
	http.createServer(sides[process.argv[2]]).listen(PORT, '127.0.0.1');
}
