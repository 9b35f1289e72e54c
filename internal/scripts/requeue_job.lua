-- requeue_job moves a failed or stopped job back to its queue. In RQ this is
-- three steps, and a crash between them leaves the job nowhere. It leaves the
-- failed ones last: if it cannot be queued, it is still there.
--
-- KEYS: job, failed
-- ARGV: id, "1" for the front of the queue, now in Unix seconds, enqueued_at,
--       the compressed empty string
-- returns 1, 0 if there is no such job, -1 if it is not among the failed ones
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local id, front, now, enqueued_at, empty = unpack(ARGV)
if not redis.call('ZSCORE', KEYS[2], id) then
  return -1
end
local origin = redis.call('HGET', KEYS[1], 'origin') or ''
redis.call('HSET', KEYS[1], 'started_at', '', 'ended_at', '', 'exc_info', empty)
if rate_limit_of(KEYS[1]) then
  redis.call('HSET', KEYS[1], 'enqueue_at_front', front)
end
enqueue_stored(id, origin, front == '1', now, enqueued_at)
redis.call('ZREM', KEYS[2], id)
return 1
