-- cancel_job marks a job canceled and takes it out of its queue or registry.
-- On request it leaves the sets of those it waits for, and those that wait only
-- for it go to their queues.
--
-- KEYS: job, dependents of it
-- ARGV: id, now in Unix seconds, enqueued_at for jobs that are queued,
--       "1" to enqueue dependents, "1" to leave the sets of its dependencies
-- returns 1, 0 if there is no such job, -1 if it is canceled already
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local id, now, enqueued_at = ARGV[1], ARGV[2], ARGV[3]
local origin, status = unpack(redis.call('HMGET', KEYS[1], 'origin', 'status'))
local limit = rate_limit_of(KEYS[1])
origin = origin or ''
if status == 'canceled' then
  return -1
end

-- others_met tells whether all that a job waits for, but for the canceled one, is done.
local function others_met(dependent, failed_will_do)
  for _, dependency in ipairs(redis.call('SMEMBERS', 'rq:job::' .. dependent .. ':dependencies')) do
    if dependency ~= id then
      local s = redis.call('HGET', 'rq:job:' .. dependency, 'status')
      if s and s ~= '' and s ~= 'finished' and not (failed_will_do and s == 'failed') then
        return false
      end
    end
  end
  return true
end

local function enqueue_dependents()
  for _, dependent in ipairs(redis.call('SMEMBERS', KEYS[2])) do
    local job = 'rq:job:' .. dependent
    local from, s, allow, front = unpack(redis.call('HMGET', job, 'origin', 'status', 'allow_dependency_failures', 'enqueue_at_front'))
    if from and s == 'deferred' and others_met(dependent, allow == '1') then
      enqueue_stored(dependent, from, front == '1', now, enqueued_at)
      redis.call('ZREM', 'rq:deferred:' .. from, dependent)
      redis.call('SREM', KEYS[2], dependent)
    end
  end
end

if ARGV[4] == '1' then
  enqueue_dependents()
end
if ARGV[5] == '1' then
  for _, dependency in ipairs(redis.call('SMEMBERS', 'rq:job::' .. id .. ':dependencies')) do
    redis.call('SREM', 'rq:job:' .. dependency .. ':dependents', id)
  end
end
redis.call('LREM', 'rq:queue:' .. origin, 1, id)
redis.call('ZADD', 'rq:canceled:' .. origin, now, id)
leave_registry(id, origin, status)
redis.call('HSET', KEYS[1], 'status', 'canceled')
if limit then
  leave_rate_limit(id, limit, now, enqueued_at)
end
return 1
