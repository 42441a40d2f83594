-- SPDX-License-Identifier: GPL-2.0-only
-- wrk: every connection asks every 10 ms, and every tenth answer is the last on its connection.
local n = 0

function request()
	n = n + 1
	if n % 10 == 0 then
		return wrk.format("GET", "/soak/" .. n, { ["Connection"] = "close", ["Host"] = "soak" })
	end
	return wrk.format("GET", "/soak/" .. n, { ["Host"] = "soak" })
end

function delay()
	return 10
end
