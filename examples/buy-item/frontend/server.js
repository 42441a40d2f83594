// SPDX-License-Identifier: GPL-2.0-only
// Buys an item: asks who it is for, then whether there is one. Nothing here knows of tracing.
"use strict";

const http = require("http");

const AUTH = process.env.AUTH || "http://localhost:9001";
const INVENTORY = process.env.INVENTORY || "http://localhost:9002";

async function buy(url) {
  const user = await fetch(`${AUTH}/check?user=${encodeURIComponent(url.searchParams.get("user") || "")}`);
  if (user.status !== 200)
    return [user.status, await user.text()];
  const item = await fetch(`${INVENTORY}/reserve?item=${encodeURIComponent(url.searchParams.get("item") || "")}`);
  return [item.status, await item.text()];
}

const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  const [status, text] = url.pathname === "/buy" ? await buy(url) : [404, "there is /buy\n"];
  response.writeHead(status, {"Content-Type": "text/plain"});
  response.end(text);
});

server.listen(9000, "127.0.0.1");
