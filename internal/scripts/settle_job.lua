-- settle_job writes how an execution of a job ended, and ends it, in one step:
-- the job, its result, its place in a registry or a queue, those that wait for
-- it, its slot, and the worker's counters. It changes nothing of a job that is
-- not in this execution any more: it was settled before, or abandoned, deleted
-- or canceled.
--
-- KEYS: job, worker, executions of the worker
-- ARGV: id, execution ("" if it is not known), queue, member in rq:wip, now in
--       Unix seconds, now as a time,
--       fence ("own": the execution must be the job's, "expired": and its
--       heartbeat must have ended, "none": there may be no execution),
--       registry ("finished", "failed" or ""), score there,
--       seconds that the job is kept ("": no change, 0: not at all),
--       place ("front" or "back" of the queue, when it is due, or ""),
--       status of the job for those that wait for it ("": they stay),
--       counter of the worker ("": none), seconds that it worked,
--       current_job of the worker ("" if nobody looks, "-" for none),
--       seconds that the results are kept, the number of values of the result,
--       these, then the fields and values of the job
-- returns 1, or 0 if the job is not in this execution
local id, execution, queue, member, now, time, fence, registry, score = unpack(ARGV, 1, 9)
local keep, place, parent, counter, seconds, current, result_ttl = unpack(ARGV, 10, 16)
local wip, pair = 'rq:wip:' .. queue, id .. ':' .. execution
local status, data, group, ttl, worker_name = unpack(redis.call('HMGET', KEYS[1], 'status', 'data', 'group_id', 'ttl', 'worker_name'))
local limit = rate_limit_of(KEYS[1])

-- ours tells whether the job is in this execution. A member that is only an id
-- does not say whose it is; then the job does.
local function ours()
  if fence == 'none' then
    return true
  end
  local expiry = redis.call('ZSCORE', wip, member)
  if not expiry or (fence == 'expired' and tonumber(expiry) > tonumber(now)) then
    return false
  end
  if member == id and fence == 'own' then
    return KEYS[2] == 'rq:worker:' .. (worker_name or '') and redis.call('ZSCORE', 'rq:executions:' .. id, execution)
  end
  return true
end

local function end_execution()
  redis.call('DEL', 'rq:execution:' .. pair)
  redis.call('ZREM', 'rq:executions:' .. id, execution)
  if redis.call('SREM', KEYS[3], pair) == 1 and redis.call('EXISTS', KEYS[2]) == 1 then
    if redis.call('SCARD', KEYS[3]) == 0 and redis.call('HGET', KEYS[2], 'state') == 'busy' then
      redis.call('HSET', KEYS[2], 'state', 'idle')
    end
    if current == '-' then
      redis.call('HDEL', KEYS[2], 'current_job')
    elseif current ~= '' then
      redis.call('HSET', KEYS[2], 'current_job', current)
    end
  end
end

local mine = ours()
if mine then
  redis.call('ZREM', wip, member)
end
end_execution()
if not mine or not data or status == 'canceled' then
  if mine and limit or (limit and status ~= 'queued' and status ~= 'started') then
    leave_rate_limit(id, limit, now, time)
  end
  return 0
end

if counter ~= '' and redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('HINCRBY', KEYS[2], counter, 1)
  if seconds ~= '' then
    redis.call('HINCRBYFLOAT', KEYS[2], 'total_working_time', seconds)
  end
end
if parent ~= '' then
  enqueue_dependents(id, parent, now, time)
end
if keep == '0' then
  leave_registry(id, queue, status)
  if group and group ~= '' then
    redis.call('SREM', 'rq:group:' .. group, id)
  end
  redis.call('DEL', KEYS[1], KEYS[1] .. ':dependents', 'rq:job::' .. id .. ':dependencies', 'rq:results:' .. id)
else
  local last = 17 + tonumber(ARGV[17])
  if last > 17 then
    redis.call('XADD', 'rq:results:' .. id, 'MAXLEN', 10, '*', unpack(ARGV, 18, last))
    if result_ttl == '-1' then
      redis.call('PERSIST', 'rq:results:' .. id)
    else
      redis.call('EXPIRE', 'rq:results:' .. id, result_ttl)
    end
  end
  if place == 'front' or place == 'back' then
    queue_stored(id, queue, place == 'front', time, ttl)
  elseif place ~= '' then
    redis.call('SADD', 'rq:queues', 'rq:queue:' .. queue)
    redis.call('HSET', KEYS[1], 'status', 'scheduled')
    redis.call('ZADD', 'rq:scheduled:' .. queue, place, id)
    expire_job(id, ttl)
  end
  if #ARGV > last then
    redis.call('HSET', KEYS[1], unpack(ARGV, last + 1))
  end
  expire_job(id, keep)
end
if registry ~= '' then
  redis.call('ZADD', 'rq:' .. registry .. ':' .. queue, score, id)
end
if limit and place ~= 'front' and place ~= 'back' then
  release_slot(id, limit, now, time)
end
return 1
