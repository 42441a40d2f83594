// SPDX-License-Identifier: GPL-2.0-only
// A Node service that says hello.
require('http').createServer((req, res) => res.end('hello\n')).listen(process.env.PORT, '127.0.0.1');
