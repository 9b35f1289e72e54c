-- register_worker enters a worker where RQ's tools look for workers. One that
-- died, or has none of its heartbeats left, is replaced.
--
-- KEYS: worker, its executions, rq:workers
-- ARGV: how ("new", "instead" of whoever has the name, or "again" after its hash
--       expired), seconds that it is kept, the number of queues, their names,
--       then the fields and values of the worker
-- returns 1, or 0 if another worker has the name: then nothing was changed
local how, keep, queues = ARGV[1], ARGV[2], tonumber(ARGV[3])
if how == 'new' and redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[1], 'death') == 0 then
  return 0
end
if how ~= 'again' then
  redis.call('DEL', KEYS[1], KEYS[2])
end
redis.call('HSET', KEYS[1], unpack(ARGV, 4 + queues))
redis.call('EXPIRE', KEYS[1], keep)
redis.call('SADD', KEYS[3], KEYS[1])
for i = 1, queues do
  redis.call('SADD', KEYS[3] .. ':' .. ARGV[3 + i], KEYS[1])
end
return 1
