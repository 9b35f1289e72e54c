-- create_job saves a job unless one with its id exists, and puts it in a queue or among
-- the scheduled jobs. The commands that can fail, because a shared key holds something
-- else, come first, so that no job is saved without being in a queue.
--
-- KEYS: job, target (LIST of the queue, or ZSET scheduled), rq:queues
-- ARGV: id, queue key, where ("front", "back", "nowhere", or the score in target),
--       ttl in seconds (0: none), group ("" for none), then the fields and values of the job
-- returns 1, or 0 if the job exists: then nothing was changed
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
local id, queue_key, where, ttl, group = unpack(ARGV, 1, 5)
redis.call('SADD', KEYS[3], queue_key)
if group ~= '' then
  redis.call('SADD', 'rq:group:' .. group, id)
  redis.call('SADD', 'rq:groups', group)
end
if where == 'front' then
  redis.call('LPUSH', KEYS[2], id)
elseif where == 'back' then
  redis.call('RPUSH', KEYS[2], id)
elseif where ~= 'nowhere' then
  redis.call('ZADD', KEYS[2], where, id)
end
redis.call('HSET', KEYS[1], unpack(ARGV, 6))
expire_key(KEYS[1], ttl)
return 1
