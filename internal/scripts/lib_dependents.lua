-- How much work for dependents a script does before other clients get their turn. The
-- unit is roughly one command, so that all of it takes the server some milliseconds.
local allowance = 1000

-- A cache of dependencies: the status of each, and one that is not done. Jobs that wait
-- for the same job often share other dependencies, too.
local statuses, witness = {}, nil

-- forget clears the cache, since a script changes statuses between two jobs.
local function forget()
  statuses, witness = {}, nil
end

-- status_of returns the status of a dependency, "" if it does not exist, and one that no
-- job has if the server refuses to say.
local function status_of(id)
  if not statuses[id] then
    local status = redis.pcall('HGET', 'rq:job:' .. id, 'status')
    local unread = type(status) == 'table' and not string.find(status.err, 'WRONGTYPE', 1, true)
    statuses[id] = type(status) == 'string' and status or unread and 'unread' or ''
    allowance = allowance - 1
  end
  return statuses[id]
end

-- dependencies_met tells whether all dependencies of a job except one parent are done.
-- A dependency that does not exist counts as done, as in RQ. It stops at the first one
-- that is not done.
--
-- parent: the one that counts as done; cursor: where to begin, "0" for the first one
-- returns true or false, or nothing and the cursor to continue from if the allowance
-- is spent
local function dependencies_met(id, parent, failed_will_do, cursor)
  local key, count = 'rq:job::' .. id .. ':dependencies', 10
  allowance = allowance - 1
  if witness and witness ~= parent and redis.pcall('SISMEMBER', key, witness) == 1 then
    return false
  end
  repeat
    local page = redis.pcall('SSCAN', key, cursor, 'COUNT', count)
    if page.err then
      return false -- unknown
    end
    for _, dependency in ipairs(page[2]) do
      local status = dependency == parent and '' or status_of(dependency)
      local met = met_of[status]
      if status ~= '' and met ~= 'always' and not (failed_will_do and met == 'failed') then
        witness = met ~= 'failed' and dependency or witness
        return false
      end
    end
    cursor, count = page[1], 100
    allowance = allowance - 1 - #page[2] / 5
    if cursor ~= '0' and allowance <= 0 then
      return nil, cursor
    end
  until cursor == '0'
  return true
end

-- queue_deferred puts deferred jobs in their queue, all at once. When that fails, they
-- stay deferred.
--
-- at_front: whether at the front; jobs: the id and the ttl of each; enqueued_at:
-- the time to note; left: gets the id of each that no longer waits
local function queue_deferred(origin, at_front, jobs, enqueued_at, left)
  local ids = {}
  for i, job in ipairs(jobs) do
    ids[i] = job[1]
  end
  local known = redis.pcall('SADD', 'rq:queues', 'rq:queue:' .. origin)
  if type(known) == 'table' then
    return
  end
  local pushed = redis.pcall(at_front and 'LPUSH' or 'RPUSH', 'rq:queue:' .. origin, unpack(ids))
  if type(pushed) == 'table' then
    return
  end
  for _, job in ipairs(jobs) do
    redis.call('HSET', 'rq:job:' .. job[1], 'status', 'queued', 'enqueued_at', enqueued_at)
    expire_job(job[1], job[2])
    left[#left + 1] = job[1]
  end
  redis.pcall('ZREM', 'rq:deferred:' .. origin, unpack(ids))
end

-- release puts those of some dependents in their queues that wait for no other job. It
-- ends early when the allowance is spent.
--
-- id: the job that they have waited for; status: its status, "canceled" for a job that
-- its dependents no longer need; cursor: where to begin with the dependencies of the
-- first one
-- returns the ids of those that no longer wait, how many it has looked at, and the
-- cursor for the next one
local function release(dependents, id, status, now, enqueued_at, cursor)
  local left, free = {}, {}

  local function put(dependent, origin, front, ttl)
    free[origin] = free[origin] or {['0'] = {}, ['1'] = {}}
    table.insert(free[origin][front], {dependent, ttl})
    allowance = allowance - 5
  end

  local function look(dependent, from)
    local fields = redis.pcall('HMGET', 'rq:job:' .. dependent, 'origin', 'status', 'allow_dependency_failures',
      'enqueue_at_front', 'ttl', 'rate_limit_key', 'rate_limit_concurrency')
    local origin, its_status, allow, front, ttl, limit, concurrency = unpack(fields.err and {} or fields)
    allowance = allowance - 3
    if not origin or its_status ~= 'deferred' or (met_of[status] == 'failed' and allow ~= '1') then
      return
    end
    local met, stopped = dependencies_met(dependent, id, allow == '1', from)
    if not met then
      return stopped
    end
    if not limit_of(limit, concurrency) then
      put(dependent, origin, front == '1' and '1' or '0', ttl)
      return
    end
    allowance = allowance - 20
    if pcall(enqueue_stored, dependent, origin, front == '1', now, enqueued_at) then
      redis.pcall('ZREM', 'rq:deferred:' .. origin, dependent)
      left[#left + 1] = dependent
    end
  end

  local looked, stopped = 0, nil
  while looked < #dependents and allowance > 0 do
    stopped = look(dependents[looked + 1], looked == 0 and cursor or '0')
    if stopped then
      break
    end
    looked = looked + 1
  end
  for origin, lists in pairs(free) do
    for front, jobs in pairs(lists) do
      if #jobs > 0 then
        queue_deferred(origin, front == '1', jobs, enqueued_at, left)
      end
    end
  end
  return left, looked, stopped or '0'
end

-- release_later leaves dependents to release_dependents.lua: they become the set of an
-- entry in rq:releasing. They stay deferred until then, which every version of RQ can
-- read.
--
-- key: the set of them, which this renames
local function release_later(key, id, status)
  local n, note = 0, nil
  repeat
    note = status .. ':' .. n .. ':' .. id
    n = n + 1
  until redis.call('EXISTS', 'rq:releasing:' .. note) == 0
  local noted = redis.pcall('ZADD', 'rq:releasing', 0, note)
  if type(noted) == 'table' then -- no one else uses this key
    redis.call('DEL', 'rq:releasing')
    redis.call('ZADD', 'rq:releasing', 0, note)
  end
  redis.call('RENAME', key, 'rq:releasing:' .. note)
  redis.call('PERSIST', 'rq:releasing:' .. note)
end

-- enqueue_dependents puts the jobs that wait only for this job in their queues. Jobs
-- that cannot be put there stay deferred. It leaves more than one script can do to
-- release_dependents.lua.
--
-- status: the job's status, "canceled" for a job that its dependents no longer need
-- returns how many still wait in the set of the job, and whether some are left
local function enqueue_dependents(id, status, now, enqueued_at)
  local key = 'rq:job:' .. id .. ':dependents'
  local n = redis.pcall('SCARD', key)
  if type(n) == 'table' or n == 0 then
    return 0, false
  end
  if n > 200 or allowance <= 0 then
    release_later(key, id, status)
    return 0, true
  end
  forget()
  local waiting = redis.call('SMEMBERS', key)
  local left, looked = release(waiting, id, status, now, enqueued_at, '0')
  if #left > 0 then
    redis.call('SREM', key, unpack(left))
  end
  if looked < n then
    release_later(key, id, status)
    return 0, true
  end
  return n - #left, false
end

-- releases_due tells whether an entry of rq:releasing is due. A client that continues
-- one has it for some seconds of the server's clock.
local function releases_due()
  local notes = redis.pcall('EXISTS', 'rq:releasing') == 1 and redis.pcall('ZCOUNT', 'rq:releasing', '-inf', redis.call('TIME')[1])
  return type(notes) == 'number' and notes > 0
end

-- cancel_stored marks a stored job canceled, and takes it out of its registry and its
-- rate limit, but not out of its queue. If Redis is out of memory, or a shared key
-- holds something else, it fails before it changes anything.
--
-- with_dependents: whether those that wait only for it go to their queues
-- returns 1, or 2 if some of these are left to release_dependents.lua
local function cancel_stored(id, with_dependents, now, enqueued_at)
  local job, later = 'rq:job:' .. id, false
  local origin, status = unpack(redis.call('HMGET', job, 'origin', 'status'))
  local limit = rate_limit_of(job)
  redis.call('ZADD', 'rq:canceled:' .. (origin or ''), now, id)
  redis.call('HSET', job, 'status', 'canceled')
  leave_registry(id, origin or '', status)
  if with_dependents then
    later = select(2, enqueue_dependents(id, 'canceled', now, enqueued_at))
  end
  if limit then
    leave_rate_limit(id, limit, now, enqueued_at)
  end
  return later and 2 or 1
end
