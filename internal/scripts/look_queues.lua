-- look_queues finds queues in which a worker that died may have left jobs. It changes
-- nothing. A key that holds something else counts as empty.
--
-- KEYS: for each queue its intermediate queue, its ready jobs, its started jobs
-- ARGV: now in Unix seconds ("0": the server's)
-- returns for each queue the number of ids in the intermediate queue, that of the
--       ready jobs, and 1 if the heartbeat of a started one has expired, else 0
local now, reply = server_now(ARGV[1]), {}

local function number(...)
  local n = redis.pcall(...)
  return type(n) == 'number' and n or 0
end

for i = 1, #KEYS, 3 do
  reply[#reply + 1] = number('LLEN', KEYS[i])
  reply[#reply + 1] = number('ZCARD', KEYS[i + 1])
  reply[#reply + 1] = math.min(number('ZCOUNT', KEYS[i + 2], 0, now), 1)
end
return reply
