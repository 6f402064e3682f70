-- Load of the clicks benchmark: GET /{slug}, one slug or one of many at random, and the figures as one line for the bench.
-- Arguments after `--`: the slug's stem, and the number of links (0: the stem itself is the slug).
local requests, count = {}, 0

function init(args)
  local stem, links = args[1], tonumber(args[2])
  if links == 0 then
    requests[1] = wrk.format("GET", "/" .. stem)
  else
    for i = 1, links do requests[i] = wrk.format("GET", "/" .. stem .. "-" .. i) end
  end
  count = #requests
  -- A seed of each thread's own: the address of a fresh table.
  math.randomseed(tonumber(tostring({}):match("0x(%x+)"), 16) % 2147483647)
end

function request()
  return requests[math.random(count)]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"micros":%d,"p50":%d,"p99":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end
