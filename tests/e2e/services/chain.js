// SPDX-License-Identifier: GPL-2.0-only
// chain.py in Node: GET /chain/5001/5002/leaf asks the server on port 5001 for /chain/5002/leaf, and so on.
'use strict';
const http = require('node:http');

http.createServer((request, response) => {
	const [, port, rest] = request.url.match(/^\/chain\/([^/]*)\/?(.*)$/);
	if (!rest) {
		response.end('end\n');
		return;
	}
	const call = http.get({ host: '127.0.0.1', port, path: `/chain/${rest}` }, (answer) => answer.pipe(response));
	call.on('error', () => response.writeHead(502).end());
}).listen(Number(process.env.PORT), '127.0.0.1');
