-- empty_queue takes some jobs off the front of a queue and deletes them.
--
-- KEYS: queue
-- ARGV: how many at the most
-- returns the number of ids taken; fewer than asked for means the queue is empty
local ids = redis.call('LPOP', KEYS[1], ARGV[1])
if not ids then
  return 0
end
for _, id in ipairs(ids) do
  local job = 'rq:job:' .. id
  redis.call('DEL', job, job .. ':dependents', 'rq:job::' .. id .. ':dependencies', 'rq:results:' .. id)
end
return #ids
