-- prune_keys finds keys that belong to a job that is gone, and on request deletes them:
-- its results, dependents, dependencies and executions. Executions stay until their
-- heartbeats have expired. Dependents stay while one of them waits: it is enqueued if a
-- job with that id is enqueued again and ends.
--
-- KEYS: each of the keys
-- ARGV: "1" to delete them, now in Unix seconds, how many dependents to look at
--       before other clients get their turn, then for each key its kind and its job's id
-- returns for each key 1 if its job is gone, else 0; for fewer of them if it was
--       time to let others have their turn
local delete, now, budget = ARGV[1] == '1', ARGV[2], tonumber(ARGV[3])
local type_of = {results = 'stream', dependents = 'set', dependencies = 'set', executions = 'zset', execution = 'hash'}
local looked = 0

-- awaited tells whether a job in a set of dependents still waits. A set that is too
-- large to search counts as awaited.
local function awaited(key)
  local size = redis.call('SCARD', key)
  looked = looked + size
  if size > budget then
    return true
  end
  for _, id in ipairs(redis.call('SMEMBERS', key)) do
    if try('HGET', 'rq:job:' .. id, 'status') == 'deferred' then
      return true
    end
  end
  return false
end

local in_use = {
  dependents = awaited,
  executions = function(key)
    return redis.call('ZCOUNT', key, '(' .. now, '+inf') > 0
  end,
  execution = function(key, id)
    local expiry = try('ZSCORE', 'rq:executions:' .. id, string.match(key, '[^:]*$'))
    return expiry and tonumber(expiry) > tonumber(now)
  end,
}

local function orphaned(key, kind, id)
  if redis.call('EXISTS', 'rq:job:' .. id) == 1 or redis.call('TYPE', key).ok ~= type_of[kind] then
    return false
  end
  return not (in_use[kind] and in_use[kind](key, id))
end

local replies = {}
for n, key in ipairs(KEYS) do
  local found = orphaned(key, ARGV[2 * n + 2], ARGV[2 * n + 3])
  if found and delete then
    redis.call('DEL', key)
  end
  replies[n] = found and 1 or 0
  if looked >= budget then
    break
  end
end
return replies
