-- remove_jobs takes jobs out of a registry, and on request deletes them: the hash,
-- results, relations and executions of each, and its id from its group and rate limit.
-- A job that has left the registry meanwhile stays. So does one whose status says that
-- it has moved: only its entry is removed.
--
-- KEYS: registry, each of the jobs
-- ARGV: "1" to delete them, now in Unix seconds, enqueued_at for jobs that get a
--       slot, then the id of each job
-- returns for each job 1, 0 if it has left the registry, -1 if it stays because it
--       has moved, or an error: then the job and its entry are unchanged
local delete, now, enqueued_at = ARGV[1] == '1', ARGV[2], ARGV[3]

-- belongs reports whether a job is in the registry by its status. A job that was never
-- enqueued has none.
local function belongs(job)
  local origin, status = unpack(redis.call('HMGET', job, 'origin', 'status'))
  return not status or status == '' or nowhere[status]
    or (registry_of[status] or '') .. (origin or '') == KEYS[1]
end

local function remove(id, job)
  local exists = delete and redis.call('EXISTS', job) == 1
  local elsewhere = exists and not belongs(job)
  if redis.call('ZREM', KEYS[1], id) == 0 then
    return 0
  end
  if elsewhere then
    return -1
  end
  if exists then
    delete_stored(id, now, enqueued_at)
  end
  return 1
end

local replies = {}
for n = 2, #KEYS do
  local fine, reply = pcall(remove, ARGV[n + 2], KEYS[n])
  replies[n - 1] = fine and reply or failure_of(reply)
end
return replies
