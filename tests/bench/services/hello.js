// SPDX-License-Identifier: GPL-2.0-only
// A Node service that says hello; LINE: and writes a line each time.
const { LINE, PORT } = process.env;

require('http').createServer((req, res) => {
	if (LINE)
		console.log(LINE);
	res.end('hello\n');
}).listen(PORT, '127.0.0.1');
