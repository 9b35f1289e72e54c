-- settle_job writes how an execution of a job ended, and ends it, in one step:
-- the job, its result, its place in a registry or a queue, those that wait for
-- it, its slot, and the worker's counters. It changes nothing of a job that is
-- not in this execution any more: it was settled before, or abandoned, deleted
-- or canceled.
--
-- A script is not undone when it fails. So what can fail, because a key that jobs
-- share holds something else, comes before the rest: either that is an error and
-- nothing was changed, or the job is settled.
--
-- KEYS: job, worker, executions of the worker
-- ARGV: id, execution ("" if it is not known), queue, member in rq:wip, now in
--       Unix seconds, now as a time,
--       fence ("own": the execution must be the job's, "expired": and its
--       heartbeat must have ended, "none": the job must be started and have no
--       living execution),
--       registry ("finished", "failed" or ""), score there,
--       seconds that the job is kept ("": no change, 0: not at all),
--       place ("front" or "back" of the queue, when it is due, or ""),
--       status of the job for those that wait for it ("": they stay),
--       counter of the worker ("": none), seconds that it worked,
--       current_job of the worker ("" if nobody looks, "-" for none),
--       rate limit key ("" for none), seconds that the results are kept, the
--       number of values of the result, these, then the fields and values of the job
-- returns 1, or 0 if the job is not in this execution
local id, execution, queue, member, now, time, fence, registry, score = unpack(ARGV, 1, 9)
local keep, place, parent, counter, seconds, current, limit, result_ttl = unpack(ARGV, 10, 17)
local wip, pair, executions = 'rq:wip:' .. queue, id .. ':' .. execution, 'rq:executions:' .. id
local stored = redis.pcall('HMGET', KEYS[1], 'status', 'created_at', 'rate_limit_key', 'rate_limit_concurrency',
  'dependency_id', 'dependency_ids')
if stored.err then
  stored = {} -- it is no job
end
local status, created_at, limit_key, concurrency, dependency_id, dependency_ids = unpack(stored)

local function living()
  local n = redis.pcall('ZCOUNT', executions, '(' .. now, '+inf')
  return type(n) == 'number' and n > 0
end

-- ours tells whether the job is in this execution. A member that is only an id
-- does not say whose it is; then the job does.
local function ours()
  if fence == 'none' then
    return status == 'started' and not living()
  end
  local expiry = redis.call('ZSCORE', wip, member)
  if not expiry or (fence == 'expired' and tonumber(expiry) > tonumber(now)) then
    return false
  end
  if member == id and fence == 'own' then
    local worker = redis.call('HGET', KEYS[1], 'worker_name') or ''
    return KEYS[2] == 'rq:worker:' .. worker and redis.call('ZSCORE', executions, execution)
  end
  return true
end

-- end_execution takes the execution away, and counts for the worker if it is
-- registered.
local function end_execution(counts)
  redis.call('DEL', 'rq:execution:' .. pair)
  redis.pcall('ZREM', executions, execution)
  local running = redis.pcall('SREM', KEYS[3], pair) == 1
  local worker = redis.pcall('HMGET', KEYS[2], 'birth', 'state', 'total_working_time', counter)
  if worker.err or not worker[1] then
    return
  end
  local fields = {}
  if counts and counter ~= '' then
    fields = {counter, string.format('%.0f', (tonumber(worker[4] or 0) or 0) + 1)}
    if seconds ~= '' then
      fields[3], fields[4] = 'total_working_time', string.format('%.6f', (tonumber(worker[3] or 0) or 0) + seconds)
    end
  end
  local last = running and redis.call('SCARD', KEYS[3]) == 0
  if last and worker[2] == 'busy' then
    fields[#fields + 1], fields[#fields + 2] = 'state', 'idle'
  end
  if last and current ~= '' then
    current = '-' -- the one that was meant has ended together with this one
  end
  if running and current == '-' then
    redis.call('HDEL', KEYS[2], 'current_job')
  elseif running and current ~= '' then
    fields[#fields + 1], fields[#fields + 2] = 'current_job', current
  end
  if #fields > 0 then
    redis.call('HSET', KEYS[2], unpack(fields))
  end
end

-- free gives the slot of a rate limit on. What is wrong with a rate limit is no
-- reason not to settle a job: maintenance looks after slots.
local function free(give)
  if not limit_of(limit_key, concurrency) then
    limit_key = limit
  end
  if limit_key ~= '' then
    pcall(give, id, limit_key, now, time)
  end
end

-- move puts the job where it goes: a queue, or a registry, or both.
-- returns an error if it cannot: then nothing was changed
local function move()
  if registry ~= '' and place ~= '' then
    local key = 'rq:' .. registry .. ':' .. queue
    local kind = redis.call('TYPE', key).ok
    if kind ~= 'zset' and kind ~= 'none' then
      return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. kind)
    end
  end
  if place == 'front' or place == 'back' then
    queue_stored(id, queue, place == 'front', time, redis.call('HGET', KEYS[1], 'ttl'))
  elseif place ~= '' then
    redis.call('SADD', 'rq:queues', 'rq:queue:' .. queue)
    redis.call('ZADD', 'rq:scheduled:' .. queue, place, id)
    redis.call('HSET', KEYS[1], 'status', 'scheduled')
    expire_job(id, redis.call('HGET', KEYS[1], 'ttl'))
  end
  if registry ~= '' then
    redis.call('ZADD', 'rq:' .. registry .. ':' .. queue, score, id)
  end
end

-- expire lets the job expire, and its relations if it has any.
local function expire(dependents)
  local ttl = tonumber(keep) or 0
  if ttl <= 0 then
    return
  end
  redis.call('EXPIRE', KEYS[1], keep)
  if dependents > 0 then
    redis.call('EXPIRE', KEYS[1] .. ':dependents', keep)
  end
  if dependency_id or dependency_ids then
    redis.call('EXPIRE', 'rq:job::' .. id .. ':dependencies', keep)
  end
end

local function remove()
  local group = redis.call('HGET', KEYS[1], 'group_id')
  pcall(leave_registry, id, queue, status)
  if limit == '' and not limit_of(limit_key, concurrency) then
    pcall(end_executions, id, queue)
  end
  if group and group ~= '' then
    redis.pcall('SREM', 'rq:group:' .. group, id)
  end
  redis.call('DEL', KEYS[1], KEYS[1] .. ':dependents', 'rq:job::' .. id .. ':dependencies', 'rq:results:' .. id)
end

local function save(dependents)
  local first = 19
  local last = first - 1 + tonumber(ARGV[18])
  if last >= first then
    own('XADD', 'rq:results:' .. id, 'MAXLEN', '10', '*', unpack(ARGV, first, last))
    if result_ttl == '-1' then
      redis.call('PERSIST', 'rq:results:' .. id)
    else
      redis.call('EXPIRE', 'rq:results:' .. id, result_ttl)
    end
  end
  if #ARGV > last then
    redis.call('HSET', KEYS[1], unpack(ARGV, last + 1))
  end
  expire(dependents)
end

local mine = ours()
local exists = created_at or (not stored.err and redis.pcall('HEXISTS', KEYS[1], 'data') == 1)
if not mine or not exists or status == 'canceled' then
  if mine then
    redis.call('ZREM', wip, member)
  end
  if mine or fence == 'own' then
    end_execution(false)
    if status ~= 'queued' and status ~= 'started' then
      free(give_slot_on)
    end
  end
  return 0
end
local err = move()
if err then
  return err
end
redis.call('ZREM', wip, member)
end_execution(true)
local dependents = 1 -- there may be
if parent ~= '' then
  dependents = enqueue_dependents(id, parent, now, time)
end
if keep == '0' then
  remove()
else
  save(dependents)
end
if place ~= 'front' and place ~= 'back' then
  free(release_slot)
end
return 1
