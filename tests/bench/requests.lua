-- Sends the requests of a file, one a line: path, If-Match and body, separated by tabs.
-- wrk -s requests.lua URL -- METHOD AUTHORIZATION FILE [strict]

local requests, sent, threads = {}, 0, {}

function setup(thread)
   threads[#threads + 1] = thread
end

function init(arguments)
   local headers = {
      ["Authorization"] = arguments[2],
      ["Content-Type"] = "application/json",
   }
   for line in io.lines(arguments[3]) do
      local path, if_match, body = line:match("([^\t]*)\t([^\t]*)\t([^\t]*)")
      headers["If-Match"] = if_match ~= "" and if_match or nil
      requests[#requests + 1] = wrk.format(arguments[1], path, headers, body ~= "" and body or nil)
   end
   wrong = 0
   -- wrk reads the headers of answers only for who looks at them.
   response = arguments[4] == "strict" and look or nil
end

-- Counts what is neither 2xx nor a refusal of what is too much that says when to come again.
function look(status, headers)
   if status >= 200 and status < 300 then
      return
   end
   for name in pairs(headers) do
      if name:lower() == "retry-after" and (status == 503 or status == 429) then
         return
      end
   end
   wrong = wrong + 1
end

-- From the start again after the last: where each may be sent once only, the file is long enough.
function request()
   sent = sent + 1
   return requests[(sent - 1) % #requests + 1]
end

function done(summary, latency)
   local errors, wrong = summary.errors, 0
   for _, thread in ipairs(threads) do
      wrong = wrong + thread:get("wrong")
   end
   io.write(string.format(
      '{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "refused": %d, ' ..
      '"wrong": %d, "broken": %d}',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
      latency:percentile(99) / 1e3, errors.status, wrong,
      errors.connect + errors.read + errors.write + errors.timeout))
end
