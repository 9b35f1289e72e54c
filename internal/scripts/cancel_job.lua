-- cancel_job marks a job canceled and takes it out of its queue or registry.
-- On request it leaves the sets of those it waits for, and those that wait only
-- for it go to their queues.
--
-- KEYS: job, dependents of it
-- ARGV: id, now in Unix seconds, enqueued_at for jobs that are queued,
--       "1" to enqueue dependents, "1" to leave the sets of its dependencies
-- returns 1, 0 if there is no such job, -1 if it is canceled already or its status is
--       of a newer RQ
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local id, now, enqueued_at = ARGV[1], ARGV[2], ARGV[3]
local origin, status = unpack(redis.call('HMGET', KEYS[1], 'origin', 'status'))
local limit = rate_limit_of(KEYS[1])
origin = origin or ''
if over[status] or of_a_newer_rq(status) then
  return -1
end

if ARGV[4] == '1' then
  enqueue_dependents(id, 'canceled', now, enqueued_at)
end
if ARGV[5] == '1' then
  for _, dependency in ipairs(redis.call('SMEMBERS', 'rq:job::' .. id .. ':dependencies')) do
    redis.call('SREM', 'rq:job:' .. dependency .. ':dependents', id)
  end
end
-- One that has ended is in its queue, too, if its id was enqueued twice, and RQ's
-- workers run canceled jobs that they find there.
redis.call('LREM', 'rq:queue:' .. origin, 1, id)
redis.call('ZADD', 'rq:canceled:' .. origin, now, id)
leave_registry(id, origin, status)
redis.call('HSET', KEYS[1], 'status', 'canceled')
if limit then
  leave_rate_limit(id, limit, now, enqueued_at)
end
return 1
