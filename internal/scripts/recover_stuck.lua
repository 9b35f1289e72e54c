-- recover_stuck takes an id out of the intermediate queue whose worker did not start
-- it. A waiting job goes back to the front of its queue, and a job that is elsewhere
-- stays there. A job that is being executed is left alone. If it fails, the id is where
-- it was.
--
-- KEYS: intermediate queue, queue, first_seen, job
-- ARGV: id, name of the queue, how ("ask" before a job goes back, put it "back",
--       or take it "out" because it is already in the queue), the enqueued_at it
--       was seen with: since then it must not have been enqueued again to go back
-- returns "left", "out" or "back"; "asks" if it would go back; "started" if
--       the job has to be failed or retried first. The last two change nothing
local id, name, how, noted = unpack(ARGV)
redis.call('LLEN', KEYS[1]) -- what can fail comes before the first write
local origin, status, enqueued_at = unpack(try('HMGET', KEYS[4], 'origin', 'status', 'enqueued_at') or {})
if executing(id, origin, name) then
  return 'left'
end
local exists = try('HEXISTS', KEYS[4], 'data') == 1
if exists and status == 'started' then
  return 'started'
end
if not exists or (known[status] and not nowhere[status] and not runs[status]) then
  how = 'out'
end
if how ~= 'out' and (enqueued_at or '') ~= noted then
  return 'left'
end
if how == 'ask' then
  return 'asks'
end
if how == 'back' then
  redis.call('SADD', 'rq:queues', KEYS[2])
  redis.call('LPUSH', KEYS[2], id) -- first, because this is what can fail
end
if redis.call('LREM', KEYS[1], -1, id) == 0 then
  if how == 'back' then
    redis.call('LPOP', KEYS[2])
  end
  return 'left'
end
redis.call('DEL', KEYS[3])
return how
