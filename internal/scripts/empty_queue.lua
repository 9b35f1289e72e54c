-- empty_queue takes some jobs off the front of a queue and deletes them. Their slots go
-- to the next jobs, which are put in their queues. Jobs of this queue go to its end,
-- unless they are to be at the front.
--
-- KEYS: queue
-- ARGV: how many at the most, now in Unix seconds, enqueued_at for jobs that get a slot
-- returns the number of ids taken; fewer than asked for means the queue is empty
local ids = redis.call('LPOP', KEYS[1], ARGV[1])
if not ids then
  return 0
end
local now, enqueued_at = ARGV[2], ARGV[3]
local limits, limited, expired = {}, {}, {}
for _, id in ipairs(ids) do
  local job = 'rq:job:' .. id
  local is_hash, key = pcall(rate_limit_of, job)
  if redis.call('DEL', job) == 0 then
    expired[#expired + 1] = id
  elseif is_hash and key then
    limits[id], limited[#limited + 1] = key, id
  end
  redis.call('UNLINK', job .. ':dependents', 'rq:job::' .. id .. ':dependencies', 'rq:results:' .. id)
end
for _, id in ipairs(limited) do
  leave_rate_limit(id, limits[id], now, enqueued_at)
end
for _, id in ipairs(expired) do
  release_expired_slot(id, now, enqueued_at)
end
return #ids
