-- enqueue_due moves the due jobs of one queue into the queue, or in line for their rate
-- limits, if the caller holds the queue's scheduler lock. RQ's three steps can happen
-- twice when a scheduler is held up for longer than its lock lasts.
--
-- Ids without a job are dropped. But RQ before 3.0 schedules a job before it saves it.
-- For such versions, an id whose job is missing the first time becomes due again a
-- little later, at half a second, which marks it.
--
-- No entry may block those behind it. So everything that can fail comes before the
-- first change, or is caught. A job that cannot get in line for its rate limit stays
-- scheduled, as does one with a status of a newer RQ, and the caller leaves it out of
-- the next chunk.
--
-- KEYS: scheduler lock, scheduled, queue, deferred
-- ARGV: what the lock holds if it is the caller's, name of the queue, now in Unix
--       seconds ("0": the server's), enqueued_at, the timeout of jobs that have none, how many due ids
--       to leave out, how many to look at after those, in how many seconds to look
--       again for a missing job (0: never)
-- returns nothing if the caller does not hold the lock, else the number of ids looked at,
--         those of them whose key holds something else, which were dropped, and
--         those that stay
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {}
end
local queue, now, enqueued_at, default_timeout, skip, most, patience = unpack(ARGV, 2, 8)
now = server_now(now)

-- read_job returns the data that decides where a job goes.
local function read_job(id)
  local key = 'rq:job:' .. id
  local limit, concurrency = rate_limit_of(key)
  local status, timeout, ttl, front, front_on_retry, ended_at = unpack(redis.call('HMGET', key,
    'status', 'timeout', 'ttl', 'enqueue_at_front', 'enqueue_at_front_on_retry', 'ended_at'))
  if not timeout or timeout == '' then
    timeout = default_timeout
  end
  local again = (tonumber(front_on_retry or 0) or 0) ~= 0 and ended_at and ended_at ~= ''
  return {
    id = id, key = key, limit = limit, concurrency = concurrency, status = status, timeout = timeout, ttl = ttl,
    at_front = again or (tonumber(front or 0) or 0) ~= 0,
  }
end

-- get_in_line puts a job in line for its rate limit. An error may be due to another job
-- that is promoted with it.
-- returns false if the job stays where it was
local function get_in_line(job)
  redis.call('HSET', job.key, 'status', 'rate_limited', 'origin', queue, 'timeout', job.timeout)
  if job.at_front then
    redis.call('HSET', job.key, 'enqueue_at_front', 1)
  end
  local fine = pcall(wait_for_slot, job.id, job.limit, job.concurrency, now, enqueued_at)
  if not fine and redis.call('HGET', job.key, 'status') ~= 'queued' then
    redis.pcall('ZREM', 'rq:rl:' .. job.limit .. ':rate_limited', job.id)
    redis.pcall('ZREM', 'rq:rl:' .. job.limit .. ':allowed', job.id)
    redis.call('HSET', job.key, 'status', job.status or 'scheduled')
    return false
  end
  pcall(expire_job, job.id, job.ttl)
  return true
end

-- is_late tells whether a job may yet be saved, and if so schedules another look.
local function is_late(id)
  if patience == '0' or tonumber(redis.call('ZSCORE', KEYS[2], id)) % 1 ~= 0 then
    return false
  end
  redis.call('ZADD', KEYS[2], now + patience - 0.5, id)
  return true
end

local due = redis.call('ZRANGEBYSCORE', KEYS[2], 0, now, 'LIMIT', skip, most)
local front, back, free, limited, absent, alien, done, stay = {}, {}, {}, {}, {}, {}, {}, {}
for _, id in ipairs(due) do
  local there = redis.pcall('HEXISTS', 'rq:job:' .. id, 'data')
  if there == 1 then
    local job = read_job(id)
    if is_unknown_status(job.status) then
      stay[#stay + 1] = id
    elseif job.limit then
      limited[#limited + 1] = job
    else
      local ids = job.at_front and front or back
      ids[#ids + 1] = id
      free[#free + 1] = job
      done[#done + 1] = id
    end
  elseif there ~= 0 then
    alien[#alien + 1] = id
    done[#done + 1] = id
  else
    absent[#absent + 1] = id
  end
end
if #back > 0 then
  redis.call('RPUSH', KEYS[3], unpack(back))
end
if #front > 0 then
  redis.call('LPUSH', KEYS[3], unpack(front))
end
for _, job in ipairs(free) do
  if job.status == 'deferred' then
    redis.pcall('ZREM', KEYS[4], job.id)
  end
  redis.call('HSET', job.key, 'status', 'queued', 'enqueued_at', enqueued_at, 'origin', queue, 'timeout', job.timeout)
  pcall(expire_job, job.id, job.ttl)
end
for _, job in ipairs(limited) do
  local list = get_in_line(job) and done or stay
  list[#list + 1] = job.id
end
for _, id in ipairs(absent) do
  if not is_late(id) then
    done[#done + 1] = id
  end
end
if #done > 0 then
  redis.call('ZREM', KEYS[2], unpack(done))
end
return {#due, alien, stay}
