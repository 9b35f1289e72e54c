-- register_worker registers a worker where RQ's tools look for workers. A worker with
-- the same name that died, or whose heartbeat has expired, is replaced. The worker's
-- own hash is written last: entries in sets without a worker do no harm.
--
-- KEYS: worker, its executions, rq:workers
-- ARGV: how ("new", "instead" of the worker that has the name, or "again" after its hash
--       expired), its birth, seconds that it is kept, the number of queues, their
--       names, then the fields and values of the worker
-- returns 1, or 0 if another worker has the name: then nothing was changed
local how, birth, keep, queues = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local itself = false
if how ~= 'instead' then
  local born, death = unpack(redis.call('HMGET', KEYS[1], 'birth', 'death'))
  itself = how == 'again' and born == birth
  if born and not death and not itself then
    return 0
  end
end
redis.call('SADD', KEYS[3], KEYS[1])
for i = 1, queues do
  redis.call('SADD', KEYS[3] .. ':' .. ARGV[4 + i], KEYS[1])
end
if not itself then
  redis.call('DEL', KEYS[1])
end
if how ~= 'again' then
  redis.call('DEL', KEYS[2])
end
redis.call('HSET', KEYS[1], unpack(ARGV, 5 + queues))
redis.call('EXPIRE', KEYS[1], keep)
return 1
