-- take_over takes over a job that its worker has abandoned, so that the caller can fail
-- or retry it. The caller gets a new execution: while it lives, nobody else takes the
-- job over, and the previous worker, if it was only paused, has lost the job. Taking
-- over the same job again with the same execution renews it.
--
-- An execution has expired when the score of its entry has passed and its hash has
-- expired: a worker in Python writes the score by its own clock, while the server
-- counts down the hash. An entry that is only left over, because its job is not started
-- or has a living execution, is removed.
--
-- KEYS: started jobs of the queue, job, its executions
-- ARGV: id, entry ("" if the job is in no execution), its execution ("" if that is
--       not known), the caller's entry, the caller's execution, for how many seconds,
--       now in Unix seconds ("0": the server's), now with a fraction
-- returns the hash of the job, "alive" if there is nothing to do, or "over" if the
--       entry was left over
local id, entry, execution, own_entry, own_execution, keep, now, moment = unpack(ARGV)
now, keep = tonumber(server_now(now)), tonumber(keep)
local prefix = 'rq:execution:' .. id .. ':'

-- lives tells whether an execution is alive.
local function lives(other)
  return redis.call('PTTL', prefix .. other) > 0
end

local function expired(score) return score and tonumber(score) <= now end

-- take writes the caller's execution. The first command is the one that can fail.
local function take(worker)
  redis.call('ZADD', KEYS[1], now + keep, own_entry)
  own('ZADD', KEYS[3], now + keep + 60, own_execution)
  redis.call('EXPIRE', KEYS[3], keep + 60)
  redis.call('HSET', prefix .. own_execution, 'id', own_execution, 'job_id', id, 'created_at', moment,
    'last_heartbeat', moment, 'worker_name', worker)
  redis.call('EXPIRE', prefix .. own_execution, keep)
  return redis.call('HGETALL', KEYS[2])
end

local status, data, worker = unpack(try('HMGET', KEYS[2], 'status', 'data', 'worker_name') or {})
local started = status == 'started' and data
if started and try('ZSCORE', KEYS[3], own_execution) then
  return take(worker or '')
end
if entry == '' and redis.call('ZSCORE', KEYS[1], id) then
  return 'alive' -- as RQ 1 starts a job, or leaves it to be abandoned
end
if entry ~= '' and not (expired(redis.call('ZSCORE', KEYS[1], entry)) and (execution == '' or not lives(execution))) then
  return 'alive'
end
local dead = {}
for _, other in ipairs(try('ZRANGE', KEYS[3], 0, -1) or {}) do
  if execution == '' and lives(other) then
    return 'alive' -- the entry may be that of this execution, whose hash ends within the second
  end
  local score = redis.call('ZSCORE', KEYS[1], id .. ':' .. other)
  if other ~= execution and (lives(other) or (score and not expired(score))) then
    started = false
  else
    dead[#dead + 1] = other
  end
end
if not started then
  if entry == '' then
    return 'alive'
  end
  redis.call('ZREM', KEYS[1], entry)
  redis.call('DEL', prefix .. execution)
  try('ZREM', KEYS[3], execution)
  return 'over'
end
local hash = take(worker or '')
if entry ~= '' and entry ~= own_entry then
  redis.call('ZREM', KEYS[1], entry)
end
for _, other in ipairs(dead) do
  redis.call('ZREM', KEYS[3], other)
  redis.call('DEL', prefix .. other)
  try('SREM', 'rq:worker:' .. (worker or '') .. ':executions', id .. ':' .. other)
end
return hash
