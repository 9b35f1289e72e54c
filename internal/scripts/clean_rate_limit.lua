-- clean_rate_limit takes the slots of a rate limit from jobs that no longer need them,
-- and gives free slots to waiting jobs, the oldest first. A limit without jobs is
-- removed. It fails only before it changes anything.
--
-- KEYS: allowed, rate_limited, config, rq:rl-keys
-- ARGV: rate limit key, how many of the allowed to skip, how many of the allowed
--       and of the waiting at the most, now in Unix seconds ("0": the server's), enqueued_at
-- returns how many of the jobs it looked at keep their slot, and 1 if there may be
--       more to do, else 0
local key, skip, most, now, enqueued_at = unpack(ARGV)
skip, most, now = tonumber(skip), tonumber(most), server_now(now)

local function holds_slot(id)
  local status = try('HGET', 'rq:job:' .. id, 'status')
  return status == 'queued' or status == 'started' or (try('ZCOUNT', 'rq:executions:' .. id, '(' .. now, '+inf') or 0) > 0
end

-- may_go tells whether a job waits, and whether its queue can take it.
local function may_go(id)
  local origin, status = unpack(try('HMGET', 'rq:job:' .. id, 'origin', 'status') or {})
  if not origin or status ~= 'rate_limited' then
    return false, false
  end
  local kind = redis.call('TYPE', 'rq:queue:' .. origin).ok
  return true, kind == 'list' or kind == 'none'
end

local concurrency = tonumber(redis.call('HGET', KEYS[3], 'concurrency') or 0) or 0
redis.call('ZCARD', KEYS[2]) -- the command that can fail comes first
redis.call('SISMEMBER', KEYS[4], key)
local allowed, kept = redis.call('ZRANGE', KEYS[1], skip, skip + most - 1), 0
for _, id in ipairs(allowed) do
  if holds_slot(id) then
    kept = kept + 1
  else
    redis.call('ZREM', KEYS[1], id)
  end
end

-- Jobs that no longer wait are removed first, so that promote meets none of them and
-- does no more than is counted here.
local held = redis.call('ZCARD', KEYS[1])
local waiting, dropped, next_ones = {}, 0, 0
if concurrency > held then
  waiting = redis.call('ZRANGE', KEYS[2], 0, most - 1)
end
for _, id in ipairs(waiting) do
  if held + next_ones >= concurrency then
    break
  end
  local waits, can_go = may_go(id)
  if can_go then
    next_ones = next_ones + 1
  elseif not waits then
    redis.call('ZREM', KEYS[2], id)
    dropped = dropped + 1
  end
end
promote(KEYS[1], KEYS[2], held + next_ones, now, enqueued_at)

if redis.call('ZCARD', KEYS[1]) == 0 and redis.call('ZCARD', KEYS[2]) == 0 then
  redis.call('SREM', KEYS[4], key)
  redis.call('DEL', KEYS[3])
end
return {kept, (#allowed == most or (#waiting == most and next_ones + dropped > 0)) and 1 or 0}
