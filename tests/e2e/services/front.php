<?php
// SPDX-License-Identifier: GPL-2.0-only
// The front of the link tests on PHP's own server, a process for each request under way (PHP_CLI_SERVER_WORKERS).
$token = bin2hex(random_bytes(8));
$id = basename(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
file_put_contents(getenv('TRUTH'), "$id $token\n", FILE_APPEND);
header('Content-Type: text/plain');
echo file_get_contents(getenv('BACKEND') . "/data/$token");
