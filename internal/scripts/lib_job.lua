-- expire_job lets a job and its relations expire. No ttl, or one that is not
-- positive, changes nothing.
local function expire_job(id, ttl)
  ttl = tonumber(ttl or 0) or 0
  if ttl > 0 then
    redis.call('EXPIRE', 'rq:job:' .. id, ttl)
    redis.call('EXPIRE', 'rq:job:' .. id .. ':dependents', ttl)
    redis.call('EXPIRE', 'rq:job::' .. id .. ':dependencies', ttl)
  end
end

-- queue_stored puts a job that is stored already in its queue, whatever its
-- rate limit, and renews its ttl.
--
-- front: whether at the front; enqueued_at: the time to note
local function queue_stored(id, origin, front, enqueued_at, ttl)
  redis.call('SADD', 'rq:queues', 'rq:queue:' .. origin)
  redis.call(front and 'LPUSH' or 'RPUSH', 'rq:queue:' .. origin, id)
  redis.call('HSET', 'rq:job:' .. id, 'status', 'queued', 'enqueued_at', enqueued_at)
  expire_job(id, ttl)
end

-- enqueue_stored puts a job that is stored already in its queue, or in line for
-- its rate limit, and renews its ttl.
--
-- front: whether at the front; now: Unix seconds; enqueued_at: the time to note
local function enqueue_stored(id, origin, front, now, enqueued_at)
  local job = 'rq:job:' .. id
  local limit, concurrency = rate_limit_of(job)
  local ttl = redis.call('HGET', job, 'ttl')
  if not limit then
    return queue_stored(id, origin, front, enqueued_at, ttl)
  end
  redis.call('SADD', 'rq:queues', 'rq:queue:' .. origin)
  redis.call('HSET', job, 'status', 'rate_limited')
  wait_for_slot(id, limit, concurrency, now, enqueued_at)
  expire_job(id, ttl)
end

-- dependencies_met tells whether all that a job waits for, but for one parent,
-- is done. A dependency that does not exist counts as done, as in RQ.
local function dependencies_met(id, parent, failed_will_do)
  for _, dependency in ipairs(redis.call('SMEMBERS', 'rq:job::' .. id .. ':dependencies')) do
    if dependency ~= parent then
      local s = redis.call('HGET', 'rq:job:' .. dependency, 'status')
      if s and s ~= '' and s ~= 'finished' and not (failed_will_do and s == 'failed') then
        return false
      end
    end
  end
  return true
end

-- enqueue_dependents puts the jobs that wait for a job, and for no other, in
-- their queues.
--
-- status: what has become of the job; "canceled" stands for one that its
-- dependents need no more
local function enqueue_dependents(id, status, now, enqueued_at)
  local key = 'rq:job:' .. id .. ':dependents'
  for _, dependent in ipairs(redis.call('SMEMBERS', key)) do
    local fields = redis.pcall('HMGET', 'rq:job:' .. dependent, 'origin', 'status', 'allow_dependency_failures', 'enqueue_at_front')
    local origin, its_status, allow, front = unpack(fields.err and {} or fields)
    local may = status ~= 'failed' or allow == '1'
    if origin and its_status == 'deferred' and may and dependencies_met(dependent, id, allow == '1') then
      enqueue_stored(dependent, origin, front == '1', now, enqueued_at)
      redis.call('ZREM', 'rq:deferred:' .. origin, dependent)
      redis.call('SREM', key, dependent)
    end
  end
end

-- The registry a job is in, by its status. A started one is in rq:wip.
local registry_of = {
  finished = 'rq:finished:', deferred = 'rq:deferred:', ready_to_enqueue = 'rq:ready:',
  scheduled = 'rq:scheduled:', failed = 'rq:failed:', stopped = 'rq:failed:', canceled = 'rq:canceled:',
}

-- leave_registry takes a job out of the registry that goes with its status.
local function leave_registry(id, origin, status)
  if registry_of[status] then
    redis.call('ZREM', registry_of[status] .. origin, id)
  elseif status == 'started' then
    redis.call('ZREM', 'rq:wip:' .. origin, id) -- as RQ 1 wrote it
    for _, execution in ipairs(redis.call('ZRANGE', 'rq:executions:' .. id, 0, -1)) do
      redis.call('ZREM', 'rq:wip:' .. origin, id .. ':' .. execution)
    end
  end
end
