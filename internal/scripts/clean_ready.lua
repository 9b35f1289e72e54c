-- clean_ready enqueues jobs that a worker has made ready and did not get to enqueue.
-- The entries of all other jobs are dropped. A job that cannot be enqueued, because a
-- shared key holds something else, stays.
--
-- KEYS: ready
-- ARGV: queue, how many entries to skip, how many at the most, now in Unix
--       seconds ("0": the server's), enqueued_at
-- returns the number of entries it looked at, and how many of them stay
local queue, skip, most, now, enqueued_at = unpack(ARGV)
now = server_now(now)

-- wants_front is rq/job.py Job.should_enqueue_at_front.
local function wants_front(job)
  local front, on_retry, ended_at = unpack(redis.call('HMGET', job, 'enqueue_at_front', 'enqueue_at_front_on_retry', 'ended_at'))
  return front == '1' or (on_retry == '1' and ended_at and ended_at ~= '')
end

local function enqueue(id, job)
  redis.call('HSET', job, 'origin', queue)
  enqueue_stored(id, queue, wants_front(job), now, enqueued_at)
end

local ids, kept = redis.call('ZRANGE', KEYS[1], skip, skip + most - 1), 0
for _, id in ipairs(ids) do
  local job = 'rq:job:' .. id
  local ready = try('HGET', job, 'status') == 'ready_to_enqueue' and try('HEXISTS', job, 'data') == 1
  if ready and not pcall(enqueue, id, job) then
    kept = kept + 1
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return {#ids, kept}
