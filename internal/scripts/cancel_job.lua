-- cancel_job marks a job canceled and takes it out of its queue or registry. On request
-- the jobs that wait only for it go to their queues. When it fails, because Redis is
-- out of memory or a shared key holds something else, nothing has changed.
--
-- KEYS: job
-- ARGV: id, now in Unix seconds, enqueued_at for jobs that are queued,
--       "1" to enqueue dependents, "1" if it is no longer in its queue
-- returns 1, 2 if there is more to do for release_dependents.lua, 0 if there is no
--       such job, -1 if it is already canceled or has a status of a newer RQ, -3 if
--       its queue is too long to look for it in one step
local id, now, enqueued_at = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local origin, status = unpack(redis.call('HMGET', KEYS[1], 'origin', 'status'))
if over[status] and ARGV[4] == '1' and redis.call('ZSCORE', 'rq:releasing', 'canceled:0:' .. id) then
  return 2
end
if over[status] or is_unknown_status(status) then
  return -1
end
local queue = 'rq:queue:' .. (origin or '')
local length = ARGV[5] == '1' and 0 or redis.call('LLEN', queue)
if length > longest_queue then
  return -3
end
local code = cancel_stored(id, ARGV[4] == '1', now, enqueued_at)
-- A job that has ended is still in its queue if its id was enqueued twice, and RQ's
-- workers run canceled jobs that they find there.
if length > 0 then
  redis.call('LREM', queue, 0, id)
end
return code
