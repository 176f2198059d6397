-- Sends the requests of a file, one a line: path, If-Match and body, separated by tabs.
-- wrk -s requests.lua URL -- METHOD AUTHORIZATION FILE

local requests, sent = {}, 0

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
end

-- From the start again after the last: where each may be sent once only, the file is long enough.
function request()
   sent = sent + 1
   return requests[(sent - 1) % #requests + 1]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "refused": %d, "broken": %d}',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
      latency:percentile(99) / 1e3, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout))
end
