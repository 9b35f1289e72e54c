-- limit_of returns the key and the concurrency of a rate limit from the two
-- fields of a job, or nothing. As in RQ, there is one only if both are there.
local function limit_of(key, concurrency)
  concurrency = tonumber(concurrency or 0) or 0
  if key and key ~= '' and concurrency ~= 0 then
    return key, concurrency
  end
end

-- rate_limit_of returns the key and the concurrency of a job's rate limit, or
-- nothing if it has none.
--
-- job: the key of the job
local function rate_limit_of(job)
  return limit_of(unpack(redis.call('HMGET', job, 'rate_limit_key', 'rate_limit_concurrency')))
end

-- promote fills the free slots of a rate limit with its waiting jobs, the oldest first,
-- and puts them in their queues. A job whose queue holds something else still waits.
-- The keys of these jobs are made here, because they are known only here. It promotes
-- at most a thousand, so that other clients get their turn: each of these promotes more
-- when it ends. If it fails, nothing was changed.
--
-- allowed, waiting: the two ZSETs of the rate limit; now: Unix seconds;
-- enqueued_at: the time to note on the jobs
-- returns the ids that were promoted
local function promote(allowed, waiting, concurrency, now, enqueued_at)
  local promoted, stuck = {}, {}
  local free, looked = concurrency - redis.call('ZCARD', allowed), 0
  while free > 0 and #promoted < 1000 and looked < 5000 do
    looked = looked + 1
    local id, since = unpack(redis.call('ZPOPMIN', waiting))
    if not id then
      break
    end
    local job = 'rq:job:' .. id
    local fields = redis.pcall('HMGET', job, 'origin', 'status', 'enqueue_at_front')
    local origin, status, front = unpack(fields.err and {} or fields)
    if origin and status == 'rate_limited' then
      local pushed = redis.pcall(front == '1' and 'LPUSH' or 'RPUSH', 'rq:queue:' .. origin, id)
      if type(pushed) == 'table' then
        stuck[#stuck + 1] = {since, id}
      else
        free = free - redis.call('ZADD', allowed, now, id)
        redis.call('HSET', job, 'status', 'queued', 'enqueued_at', enqueued_at)
        promoted[#promoted + 1] = id
      end
    end
  end
  for _, entry in ipairs(stuck) do
    redis.call('ZADD', waiting, entry[1], entry[2])
  end
  return promoted
end

-- wait_for_slot puts a saved job in line for its rate limit, and promotes the jobs that
-- get a slot.
-- returns true if the job itself was
local function wait_for_slot(id, key, concurrency, now, enqueued_at)
  local config = 'rq:rl:' .. key
  redis.call('SADD', 'rq:rl-keys', key)
  redis.call('HSET', config, 'concurrency', concurrency)
  redis.call('ZADD', config .. ':rate_limited', now, id)
  for _, promoted in ipairs(promote(config .. ':allowed', config .. ':rate_limited', tonumber(concurrency), now, enqueued_at)) do
    if promoted == id then
      return true
    end
  end
  return false
end

-- release_slot takes a slot of a rate limit from a job that has ended, and gives
-- it to the next one.
local function release_slot(id, key, now, enqueued_at)
  local config = 'rq:rl:' .. key
  redis.call('ZREM', config .. ':allowed', id)
  local concurrency = tonumber(redis.call('HGET', config, 'concurrency') or 0) or 0
  promote(config .. ':allowed', config .. ':rate_limited', concurrency, now, enqueued_at)
end

-- release_held_slot releases the slot of a job, if it holds one.
local function release_held_slot(id, key, now, enqueued_at)
  if redis.call('ZSCORE', 'rq:rl:' .. key .. ':allowed', id) then
    release_slot(id, key, now, enqueued_at)
  end
end

-- leave_rate_limit takes a job that was just canceled or deleted out of its rate limit,
-- and gives its slot to the next one at once, even if the job still runs. An error of
-- the rate limit does not keep the job: maintenance repairs slots.
local function leave_rate_limit(id, key, now, enqueued_at)
  redis.pcall('ZREM', 'rq:rl:' .. key .. ':rate_limited', id)
  pcall(release_held_slot, id, key, now, enqueued_at)
end

local searched, to_search = nil, 2000

-- release_expired_slot releases the slot of a job that has expired, if it held one.
-- Without the hash its rate limit is not known, so it searches a bounded number of rate
-- limits, and leaves the others to maintenance.
local function release_expired_slot(id, now, enqueued_at)
  if not searched then
    local many = redis.pcall('SCARD', 'rq:rl-keys')
    searched = type(many) == 'number' and many <= 200 and redis.call('SMEMBERS', 'rq:rl-keys') or {}
  end
  for _, key in ipairs(searched) do
    to_search = to_search - 1
    if to_search >= 0 then
      pcall(release_held_slot, id, key, now, enqueued_at)
    end
  end
end
