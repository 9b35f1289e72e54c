-- prune_jobs finds lost jobs: by their status they belong in their queue or one of its
-- registries, but they are in none. On request it deletes them, if they have not
-- changed since they were found.
--
-- Not lost are jobs with a status of a newer RQ, jobs that were never enqueued, that run in their caller,
-- that are finished and will expire, or that have ended and are about to expire.
--
-- KEYS: each of the jobs
-- ARGV: "1" to delete them, now in Unix seconds, enqueued_at for jobs that get a
--       slot, how many ids of queues to look at before other clients get their turn, then
--       for each job its id and what was returned for it before, "" for the first
--       time. Lists are looked through only to delete
-- returns for each job its status, enqueued_at, last_heartbeat and origin, in
--       lines, if it is lost, else ""; for fewer of them if it was time to
--       let others have their turn
local delete, now, enqueued_at, budget = ARGV[1] == '1', ARGV[2], ARGV[3], tonumber(ARGV[4])
local looked = 0

-- leaves tells whether a job that has ended will expire: its registry drops it in the
-- second in which it expires.
local function leaves(job, status)
  local ttl = redis.call('TTL', job)
  local ended = status == 'failed' or status == 'stopped' or status == 'canceled'
  return ttl >= 0 and (status == 'finished' or (ended and ttl < 60))
end

local function registered(id, origin)
  for _, registry in pairs(registry_of) do
    if try('ZSCORE', registry .. origin, id) then
      return true
    end
  end
  return executing(id, origin, origin)
end

local function limited(id, job)
  local key = rate_limit_of(job)
  return key and (try('ZSCORE', 'rq:rl:' .. key .. ':rate_limited', id) or try('ZSCORE', 'rq:rl:' .. key .. ':allowed', id))
end

-- listed tells whether an id may be in a list. A key of another type may hold anything.
local function listed(key, id)
  local length = try('LLEN', key)
  looked = looked + (length or 0)
  return not length or redis.call('LPOS', key, id)
end

-- found returns the state of a lost job.
local function found(id, job)
  local status, queued_at, beat, origin, worker = unpack(try('HMGET', job, 'status', 'enqueued_at', 'last_heartbeat', 'origin', 'worker_name') or {})
  if not origin or not known[status] or nowhere[status] or (status == 'started' and worker == 'sync') then
    return ''
  end
  if leaves(job, status) or registered(id, origin) or (status == 'rate_limited' and limited(id, job)) then
    return ''
  end
  return table.concat({status, queued_at or '', beat or '', origin}, '\n'), 'rq:queue:' .. origin
end

local replies = {}
for n, job in ipairs(KEYS) do
  local id, before = ARGV[2 * n + 3], ARGV[2 * n + 4]
  local like, queue = found(id, job)
  if before ~= '' and before ~= like then
    like = ''
  end
  if delete and like ~= '' then
    if listed(queue, id) or listed(queue .. ':intermediate', id) then
      like = ''
    else
      delete_stored(id, now, enqueued_at)
    end
  end
  replies[n] = like
  if looked >= budget then
    break
  end
end
return replies
