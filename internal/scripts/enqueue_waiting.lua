-- enqueue_waiting saves a job that may have to wait: first for other jobs, then for a
-- slot of its rate limit. A job that need not wait goes to its queue. A dependency that
-- does not exist counts as done, as in RQ. If a key holds something else, it fails
-- before its first write.
--
-- KEYS: job, dependents of it, dependencies of it, queue, deferred, rq:queues,
--       then the job and the dependents of each dependency in turn
-- ARGV: id, where ("front", "back" or "nowhere"), ttl in seconds (0: none),
--       score in deferred, now in Unix seconds, enqueued_at, group ("" for none),
--       rate limit key ("" for none), its concurrency,
--       "1" if a failed dependency will do, "1" if the job waits for more dependencies,
--       which are registered, the number n of dependencies, their n ids, then the
--       fields and values of the job without status and enqueued_at
-- returns the status: queued, deferred or rate_limited; "" if these dependencies are
--       done and it waits for more: nothing has changed then
local id, where, ttl, score, now, enqueued_at, group, limit, concurrency = unpack(ARGV, 1, 9)
local failed_will_do, more, n = ARGV[10] == '1', ARGV[11] == '1', tonumber(ARGV[12])

local function dependencies_met()
  for i = 0, n - 1 do
    if not is_met(KEYS[7 + 2 * i], failed_will_do) then
      return false
    end
  end
  return true
end

local status = 'queued'
if not dependencies_met() then
  status = 'deferred'
elseif more then
  return ''
elseif limit ~= '' and tonumber(concurrency) ~= 0 then
  status = 'rate_limited'
end
-- check fails if a key has another type.
local function check(key, kind)
  local holds = redis.call('TYPE', key).ok
  if holds ~= kind and holds ~= 'none' then
    error('WRONGTYPE ' .. key .. ' is a ' .. holds, 0)
  end
end

check(KEYS[1], 'hash')
if status == 'deferred' then
  check(KEYS[5], 'zset')
  check(KEYS[3], 'set')
  for i = 0, n - 1 do
    check(KEYS[8 + 2 * i], 'set')
  end
elseif status == 'queued' and where ~= 'nowhere' then
  check(KEYS[4], 'list')
end
redis.call('SADD', KEYS[6], KEYS[4])
if group ~= '' then
  redis.call('SADD', 'rq:group:' .. group, id)
  redis.call('SADD', 'rq:groups', group)
end
if status ~= 'deferred' then
  -- It may have been deferred before, waiting for these.
  redis.pcall('ZREM', KEYS[5], id)
  for i = 0, n - 1 do
    redis.pcall('SREM', KEYS[8 + 2 * i], id)
  end
end
if status == 'deferred' then
  redis.call('ZADD', KEYS[5], score, id)
  for i = 0, n - 1 do
    redis.call('SADD', KEYS[8 + 2 * i], id)
    redis.call('SADD', KEYS[3], ARGV[13 + i])
  end
  redis.call('HSET', KEYS[1], 'status', status, unpack(ARGV, 13 + n))
elseif status == 'rate_limited' then
  redis.call('HSET', KEYS[1], 'status', status, unpack(ARGV, 13 + n))
  if wait_for_slot(id, limit, concurrency, now, enqueued_at) then
    status = 'queued'
  end
else
  if where == 'front' then
    redis.call('LPUSH', KEYS[4], id)
  elseif where == 'back' then
    redis.call('RPUSH', KEYS[4], id)
  end
  redis.call('HSET', KEYS[1], 'status', status, 'enqueued_at', enqueued_at, unpack(ARGV, 13 + n))
end
for i = 1, 3 do
  expire_key(KEYS[i], ttl)
end
return status
