-- requeue_jobs moves jobs from a registry back to their queues, each in one step. RQ
-- takes three, and a crash between them loses the job. A job leaves the registry last:
-- if it cannot be queued, it is still there. A job that by its status runs or will run
-- is not queued a second time; one with a status of a newer RQ is not queued at all.
--
-- KEYS: registry, each of the jobs
-- ARGV: "1" for the front of the queue, now in Unix seconds, enqueued_at, the
--       compressed empty string, "1" to leave jobs that were enqueued at just that
--       time, then the id of each job
-- returns for each job 1, 0 if there is no such job, -1 if it is not in the
--       registry or runs or will, -2 if it is left, or an error
local front, now, enqueued_at, empty, leave_own = unpack(ARGV, 1, 5)

-- elsewhere tells whether the job is not this registry's to requeue. That is so for a
-- pending job, unless this is the registry of its status, and for a status of a newer
-- RQ. Other statuses prove nothing: RQ has failed jobs with a status of an earlier run.
local function elsewhere(status, origin)
  return is_unknown_status(status) or (pending[status] and (registry_of[status] or '') .. origin ~= KEYS[1])
end

-- keep makes a job persist until it has run. It was to expire because it had failed; in
-- RQ it does, in its queue.
local function keep(id, job)
  if (tonumber(redis.call('HGET', job, 'ttl') or '') or 0) <= 0 then
    redis.call('PERSIST', job)
    redis.call('PERSIST', job .. ':dependents')
    redis.call('PERSIST', 'rq:job::' .. id .. ':dependencies')
  end
end

local function requeue(id, job)
  if redis.call('EXISTS', job) == 0 then
    return 0
  end
  if not redis.call('ZSCORE', KEYS[1], id) then
    return -1
  end
  local origin, status, before = unpack(redis.call('HMGET', job, 'origin', 'status', 'enqueued_at'))
  origin = origin or ''
  if elsewhere(status, origin) then
    return -1
  end
  if leave_own == '1' and before == enqueued_at then
    return -2
  end
  redis.call('HSET', job, 'started_at', '', 'ended_at', '', 'exc_info', empty)
  if rate_limit_of(job) then
    redis.call('HSET', job, 'enqueue_at_front', front)
  end
  enqueue_stored(id, origin, front == '1', now, enqueued_at)
  redis.call('ZREM', KEYS[1], id)
  keep(id, job)
  return 1
end

local replies = {}
for n = 2, #KEYS do
  local fine, reply = pcall(requeue, ARGV[n + 4], KEYS[n])
  replies[n - 1] = fine and reply or failure_of(reply)
end
return replies
