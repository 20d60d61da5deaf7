-- What wrk sends and how it reports; everything comes from the environment (see wrk.ts).
local path = os.getenv("BENCH_PATH")
local names = tonumber(os.getenv("BENCH_NAMES"))
local size = tonumber(os.getenv("BENCH_BODY_BYTES"))

wrk.method = os.getenv("BENCH_METHOD")
wrk.path = path
for name, value in string.gmatch(os.getenv("BENCH_HEADERS"), "([^\n:]+): ([^\n]*)") do
  wrk.headers[name] = value
end
if size > 0 then
  wrk.body = string.rep("x", size)
end

-- Without a function of this name wrk formats the one request once.
if names > 0 then
  local count = 0
  request = function()
    count = count + 1
    return wrk.format(nil, path .. (count % names))
  end
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'BENCH {"requests":%d,"seconds":%.6f,"bytes":%d,"p50Ms":%.4f,"p99Ms":%.4f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
