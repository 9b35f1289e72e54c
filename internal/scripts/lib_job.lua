-- failure_of makes an error from what pcall has caught: a table, or a text, possibly
-- after a position in the script.
local function failure_of(caught)
  local text = type(caught) == 'table' and caught.err or tostring(caught)
  return redis.error_reply((string.gsub(text, '^%S*: ?%d+: %-?(%u+ )', '%1')))
end

-- expire_job lets a job and its relations expire, as expire_key does.
local function expire_job(id, ttl)
  expire_key('rq:job:' .. id, ttl)
  expire_key('rq:job:' .. id .. ':dependents', ttl)
  expire_key('rq:job::' .. id .. ':dependencies', ttl)
end

-- queue_stored puts a stored job in its queue, whatever its rate limit, and renews its
-- ttl.
--
-- front: whether at the front; enqueued_at: the time to note
local function queue_stored(id, origin, front, enqueued_at, ttl)
  redis.call('SADD', 'rq:queues', 'rq:queue:' .. origin)
  redis.call(front and 'LPUSH' or 'RPUSH', 'rq:queue:' .. origin, id)
  redis.call('HSET', 'rq:job:' .. id, 'status', 'queued', 'enqueued_at', enqueued_at)
  expire_job(id, ttl)
end

-- enqueue_stored puts a stored job in its queue, or in line for its rate limit, and
-- renews its ttl. When that fails, the job is unchanged.
--
-- front: whether at the front; now: Unix seconds; enqueued_at: the time to note
local function enqueue_stored(id, origin, front, now, enqueued_at)
  local job = 'rq:job:' .. id
  local ttl, status, key, concurrency = unpack(redis.call('HMGET', job, 'ttl', 'status', 'rate_limit_key', 'rate_limit_concurrency'))
  key, concurrency = limit_of(key, concurrency)
  if not key then
    return queue_stored(id, origin, front, enqueued_at, ttl)
  end
  redis.call('SADD', 'rq:queues', 'rq:queue:' .. origin)
  redis.call('HSET', job, 'status', 'rate_limited')
  local done, err = pcall(wait_for_slot, id, key, concurrency, now, enqueued_at)
  if not done then
    redis.call('HSET', job, 'status', status or '')
    error(err, 0)
  end
  expire_job(id, ttl)
end

-- executions_of returns the ids of a job's executions.
local function executions_of(id)
  local executions = redis.pcall('ZRANGE', 'rq:executions:' .. id, 0, -1)
  return executions.err and {} or executions
end

-- leave_registry takes a job out of the registry of its status. A key that holds
-- something else has no entry of the job, and is no error.
local function leave_registry(id, origin, status)
  if registry_of[status] then
    redis.pcall('ZREM', registry_of[status] .. origin, id)
  elseif status == 'started' then
    redis.pcall('ZREM', 'rq:wip:' .. origin, id) -- RQ 1's form
    for _, execution in ipairs(executions_of(id)) do
      redis.pcall('ZREM', 'rq:wip:' .. origin, id .. ':' .. execution)
    end
  end
end

-- end_executions removes all executions of a deleted job.
local function end_executions(id, origin)
  for _, execution in ipairs(executions_of(id)) do
    local pair = id .. ':' .. execution
    local worker = redis.pcall('HGET', 'rq:execution:' .. pair, 'worker_name')
    if type(worker) == 'string' and worker ~= '' then
      redis.pcall('SREM', 'rq:worker:' .. worker .. ':executions', pair)
    end
    redis.call('DEL', 'rq:execution:' .. pair)
    redis.pcall('ZREM', 'rq:wip:' .. origin, pair)
  end
  redis.call('DEL', 'rq:executions:' .. id)
end

-- delete_stored deletes a job and its keys, but does not take it out of its queue. It
-- fails only if the key holds no job, and then nothing was changed.
local function delete_stored(id, now, enqueued_at)
  local job = 'rq:job:' .. id
  local origin, status, group = unpack(redis.call('HMGET', job, 'origin', 'status', 'group_id'))
  local limit = rate_limit_of(job)
  leave_registry(id, origin or '', status)
  end_executions(id, origin or '')
  if group and group ~= '' then
    redis.pcall('SREM', 'rq:group:' .. group, id)
  end
  redis.call('UNLINK', job, job .. ':dependents', 'rq:job::' .. id .. ':dependencies', 'rq:results:' .. id)
  if limit then
    leave_rate_limit(id, limit, now, enqueued_at)
  end
end
