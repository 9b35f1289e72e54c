-- look_limits finds some rate limits that jobs wait for. It changes nothing.
--
-- KEYS: rq:rl-keys, rq:workers
-- ARGV: cursor ("0" is the beginning), about how many limits to look at
-- returns the next cursor ("0" at the end), the number of workers, then the keys of the limits
local scanned = redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local workers = redis.pcall('SCARD', KEYS[2])
local reply = {scanned[1], type(workers) == 'number' and workers or 0}
for _, key in ipairs(scanned[2]) do
  local waiting = redis.pcall('ZCARD', 'rq:rl:' .. key .. ':rate_limited')
  if type(waiting) == 'number' and waiting > 0 then
    reply[#reply + 1] = key
  end
end
return reply
