-- enqueue_stored puts a job that is stored already in its queue, or in line for
-- its rate limit, and renews its ttl.
--
-- front: whether at the front; now: Unix seconds; enqueued_at: the time to note
local function enqueue_stored(id, origin, front, now, enqueued_at)
  local job = 'rq:job:' .. id
  redis.call('SADD', 'rq:queues', 'rq:queue:' .. origin)
  local limit, concurrency = rate_limit_of(job)
  if limit then
    redis.call('HSET', job, 'status', 'rate_limited')
    wait_for_slot(id, limit, concurrency, now, enqueued_at)
  else
    redis.call(front and 'LPUSH' or 'RPUSH', 'rq:queue:' .. origin, id)
    redis.call('HSET', job, 'status', 'queued', 'enqueued_at', enqueued_at)
  end
  local ttl = tonumber(redis.call('HGET', job, 'ttl') or 0) or 0
  if ttl > 0 then
    redis.call('EXPIRE', job, ttl)
    redis.call('EXPIRE', job .. ':dependents', ttl)
    redis.call('EXPIRE', 'rq:job::' .. id .. ':dependencies', ttl)
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
