-- settle_job writes the outcomes of executions by one worker, and ends them, each in
-- one step: the job, its result, its place in a registry or a queue, its dependents,
-- its slot, and the worker's counters. It changes nothing of a job that is no longer in
-- this execution: it was settled before, abandoned, or deleted. The run of a deleted
-- job still counts for the worker. A job that was canceled while it ran is settled as
-- if it had not been, as in RQ, but its success enqueues no dependents.
--
-- A script is not undone when it fails. So the commands that can fail, because a key
-- that jobs share holds something else, come first: either the job has an error and is
-- unchanged, or it is settled.
-- A command that the user may not run any more is an error of all jobs, before
-- anything is changed, if the server can tell (Redis 7).
--
-- KEYS: each of the jobs, worker, its executions
-- ARGV: for each job the number of its values, which are
--       id, execution ("" if it is not known), queue, member in rq:wip, now in
--       Unix seconds ("0": the server's), now as a time,
--       fence ("own": the execution must be the job's, "sent": the same, and it may
--       be settled already, "taken": it is that of take_over, and nobody else has
--       ended or started the job since),
--       registry ("finished", "failed" or ""), score there,
--       seconds that the job is kept ("": no change, 0: not at all),
--       place ("front" or "back" of the queue, when it is due, or ""),
--       status of the job for those that wait for it ("": they stay),
--       counter of the worker ("": none), seconds that it worked,
--       "1" if readers look for the worker's current_job,
--       rate limit key ("" for none), seconds that the results are kept, the
--       number of values of the result, these, then the fields and values of the job
-- returns for each job 1, 0 if it is not in this execution, or an error; 2 means 1 with
--       more to do for release_dependents.lua, for this job or others

local worker_key, executions_key = KEYS[#KEYS - 1], KEYS[#KEYS]

-- The current job, from ARGV and from its hash.
local id, execution, queue, member, now, time, fence, sent, registry, score
local keep, place, parent, counter, seconds, looked_for, limit, result_ttl
local result, fields, last -- the indexes in ARGV of its result, of its fields, and of their end
local wip, pair, job, executions
local exists, status, depends
-- refused is the error with which the server refuses to read the job.
local refused
local due -- whether other entries are due for release_dependents.lua

local function read(key, at, values)
  id, execution, queue, member, now, time, fence, registry, score = unpack(ARGV, at, at + 8)
  keep, place, parent, counter, seconds, looked_for, limit, result_ttl = unpack(ARGV, at + 9, at + 16)
  sent = fence == 'sent'
  fence = sent and 'own' or fence
  result, last = at + 18, at + values - 1
  fields = result + ARGV[at + 17]
  now = server_now(now)
  wip, pair, job, executions = 'rq:wip:' .. queue, id .. ':' .. execution, key, 'rq:executions:' .. id
  local stored = redis.pcall('HMGET', job, 'status', 'created_at', 'dependency_id', 'rate_limit_key')
  refused = nil
  if stored.err then
    if not string.find(stored.err, 'WRONGTYPE', 1, true) then
      refused = stored.err
    end
    stored = {} -- it is not a job
  end
  status, depends = stored[1], stored[3]
  exists = stored[2] or redis.pcall('HEXISTS', job, 'data') == 1
  limit = stored[4] and rate_limit_of(job) or limit
end

-- alone tells whether the job has no other living execution.
local function alone()
  return redis.call('ZCOUNT', executions, '(' .. now, '+inf') == 1 and redis.call('ZSCORE', executions, execution)
end

-- of_worker returns the worker in the job's hash. There is none when Python has saved a
-- copy from before the job was started.
local function of_worker()
  local worker = redis.pcall('HGET', job, 'worker_name')
  return type(worker) == 'string' and worker or ''
end

-- ours tells whether the job is in this execution. A member that is only an id does not
-- name the execution; then the worker in the hash decides. Canceling a job removes its
-- members from rq:wip, and leaves its executions. RQ's maintenance does not know
-- executions that were taken over: it may end such a job, and others may start it
-- again.
local function ours()
  if status == 'canceled' then
    local worker = of_worker()
    return fence == 'own' and (worker == '' or worker_key == 'rq:worker:' .. worker) and type(redis.pcall('ZSCORE', executions, execution)) == 'string'
  end
  if not redis.call('ZSCORE', wip, member) then
    return false
  end
  if member == id or fence == 'taken' then
    if worker_key ~= 'rq:worker:' .. of_worker() or not redis.call('ZSCORE', executions, execution) then
      return false
    end
  end
  return fence ~= 'taken' or (status == 'started' and alone())
end

-- The sums for the worker.
local ended, hashes, ids, counts, worked = {}, {}, {}, {}, 0
local deleted = false -- whether a job was deleted while it ran

local function end_execution(counts_for_worker)
  redis.pcall('ZREM', executions, execution)
  ended[#ended + 1], hashes[#hashes + 1], ids[id] = pair, 'rq:execution:' .. pair, looked_for == '1'
  if counts_for_worker and counter ~= '' then
    counts[counter] = (counts[counter] or 0) + 1
    worked = worked + (tonumber(seconds) or 0)
  end
end

-- free passes on the slot of a rate limit. An error of the rate limit does not keep a
-- job from being settled: maintenance repairs slots.
local function free(give)
  if limit ~= '' then
    pcall(give, id, limit, now, time)
  end
end

-- move puts the job in a queue, a registry, or both. If it cannot, it returns an error,
-- and nothing was changed.
local function move()
  local entries = 'rq:' .. registry .. ':' .. queue
  if registry ~= '' and place ~= '' then
    local kind = redis.call('TYPE', entries).ok
    if kind ~= 'zset' and kind ~= 'none' then
      error('WRONGTYPE ' .. entries .. ' is a ' .. kind, 0)
    end
  end
  if place == 'front' or place == 'back' then
    queue_stored(id, queue, place == 'front', time, redis.call('HGET', job, 'ttl'))
  elseif place ~= '' then
    redis.call('SADD', 'rq:queues', 'rq:queue:' .. queue)
    redis.call('ZADD', 'rq:scheduled:' .. queue, place, id)
    redis.call('HSET', job, 'status', 'scheduled')
    expire_job(id, redis.call('HGET', job, 'ttl'))
  end
  if registry ~= '' then
    redis.call('ZADD', entries, score, id)
  end
end

local function remove()
  local group = redis.call('HGET', job, 'group_id')
  leave_registry(id, queue, status)
  end_executions(id, queue)
  if group and group ~= '' then
    redis.pcall('SREM', 'rq:group:' .. group, id)
  end
  redis.call('UNLINK', job, job .. ':dependents', 'rq:job::' .. id .. ':dependencies', 'rq:results:' .. id)
end

-- expire lets the job expire, and its relations if it has any.
local function expire(dependents)
  expire_key(job, keep)
  if dependents > 0 then
    expire_key(job .. ':dependents', keep)
  end
  if depends then
    expire_key('rq:job::' .. id .. ':dependencies', keep)
  end
end

local function save(dependents)
  if fields > result then
    own('XADD', 'rq:results:' .. id, 'MAXLEN', '10', '*', unpack(ARGV, result, fields - 1))
    if result_ttl == '-1' then
      redis.call('PERSIST', 'rq:results:' .. id)
    else
      redis.call('EXPIRE', 'rq:results:' .. id, cut_seconds(result_ttl))
    end
  end
  if last >= fields then
    redis.call('HSET', job, unpack(ARGV, fields, last))
  end
  expire(dependents)
end

-- settle settles the current job.
local function settle()
  if refused then
    error(refused, 0)
  end
  local mine = ours()
  if not mine or not exists then
    if mine or member ~= id then
      redis.call('ZREM', wip, member)
    end
    deleted = deleted or fence == 'own' and not exists
    end_execution(fence == 'own' and not exists and not sent)
    if status ~= 'queued' and status ~= 'started' then
      free(release_held_slot)
    end
    return 0
  end
  move()
  redis.call('ZREM', wip, member)
  end_execution(true)
  local dependents, later = 1, false -- there may be some
  if parent ~= '' and not (status == 'canceled' and parent == 'finished') then
    dependents, later = enqueue_dependents(id, parent, now, time)
  end
  if keep == '0' then
    remove()
  else
    save(dependents)
  end
  if place ~= 'front' and place ~= 'back' then
    free(release_slot)
  end
  return (later or due) and 2 or 1
end

-- count adds the sums of all jobs to the worker, if it is registered.
local function count()
  local running = redis.pcall('SREM', executions_key, unpack(ended))
  running = deleted or type(running) == 'number' and running > 0
  local names = {'birth', 'state', 'total_working_time', 'current_job'}
  for name in pairs(counts) do
    names[#names + 1] = name
  end
  local worker, changes = redis.pcall('HMGET', worker_key, unpack(names)), {}
  if worker.err or not worker[1] then
    return
  end
  local function set(name, value)
    changes[#changes + 1], changes[#changes + 2] = name, value
  end
  for i = 5, #names do
    set(names[i], string.format('%.0f', (tonumber(worker[i] or 0) or 0) + counts[names[i]]))
  end
  if worked > 0 then
    set('total_working_time', string.format('%.6f', (tonumber(worker[3] or 0) or 0) + worked))
  end
  if running and worker[2] == 'busy' and redis.call('SCARD', executions_key) == 0 then
    set('state', 'idle')
  end
  if ids[worker[4]] then
    local other = redis.pcall('SRANDMEMBER', executions_key)
    if type(other) == 'string' then
      set('current_job', string.match(other, '^(.*):'))
    else
      redis.call('HDEL', worker_key, 'current_job')
    end
  end
  if #changes > 0 then
    redis.call('HSET', worker_key, unpack(changes))
  end
end

-- lacks tells whether the user may not run a command. One that the server does not know
-- is not asked for.
local function lacks(...)
  local known, may = pcall(redis.acl_check_cmd, ...)
  return known and not may
end

-- forbidden returns a command that comes after a change, and that the user may not run.
local function forbidden(key)
  return lacks('XADD', key, '*', 'f', 'v') and 'xadd' or lacks('HSET', key, 'f', 'v') and 'hset' or lacks('EXPIRE', key, '1') and 'expire'
    or lacks('DEL', key) and 'del' or lacks('ZREM', key, 'm') and 'zrem' or lacks('SREM', key, 'm') and 'srem' or lacks('SCARD', key) and 'scard'
    or lacks('PERSIST', key) and 'persist' or lacks('UNLINK', key) and 'unlink' or lacks('HDEL', key, 'f') and 'hdel' or lacks('HGET', key, 'f') and 'hget'
    or lacks('SSCAN', key, '0') and 'sscan' or lacks('SADD', key, 'm') and 'sadd' or lacks('RPUSH', key, 'e') and 'rpush' or lacks('LPUSH', key, 'e') and 'lpush'
    or lacks('RENAME', key, key) and 'rename' or lacks('SMEMBERS', key) and 'smembers'
end

local missing = redis.acl_check_cmd and forbidden(KEYS[1])
if missing then
  return redis.error_reply("NOPERM this user has no permissions to run the '" .. missing .. "' command")
end
due = releases_due()
local replies, at = {}, 1
for n = 1, #KEYS - 2 do
  local values = tonumber(ARGV[at])
  read(KEYS[n], at + 1, values)
  local fine, reply = pcall(settle)
  replies[n] = fine and reply or failure_of(reply)
  at = at + 1 + values
end
if #ended > 0 then
  redis.call('DEL', unpack(hashes))
  count()
end
return replies
