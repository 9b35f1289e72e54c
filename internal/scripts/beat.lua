-- beat renews what tells others that a worker and its executions are alive. Of
-- an execution that has been taken away it renews nothing: a late heartbeat must
-- not bring back a job that is deleted, or one that others have taken over.
--
-- KEYS: worker, its executions
-- ARGV: birth of the worker, now in Unix seconds, now as a time, now with a
--       fraction, seconds that the worker is kept, its name, the number of
--       queues, their names, then for each execution: job, execution, queue,
--       member in rq:wip, seconds that it is kept, when it was created
-- returns a state, "1" if workers are suspended, the least expiry in each
--       queue's rq:wip ("" if there is none), then the executions that are
--       taken away. The state is 1, 0 if the worker is not registered any more,
--       -1 if another one has its name
local birth, now, time, moment, keep, worker = unpack(ARGV, 1, 6)
local queues = tonumber(ARGV[7])
local born = redis.call('HGET', KEYS[1], 'birth')
local state = 1
if not born then
  state = 0
elseif born ~= birth then
  state = -1
else
  redis.call('HSET', KEYS[1], 'last_heartbeat', time)
  redis.call('EXPIRE', KEYS[1], keep)
  redis.call('EXPIRE', KEYS[2], keep)
end
local reply = {state, tostring(redis.call('EXISTS', 'rq:suspended'))}

-- renew reports whether the execution is still the job's.
local function renew(id, execution, queue, member, ttl, created)
  local job, pair = 'rq:job:' .. id, id .. ':' .. execution
  local of_worker = redis.call('HGET', job, 'worker_name')
  if not of_worker or not redis.call('ZSCORE', 'rq:wip:' .. queue, member) or (member == id and of_worker ~= worker) then
    return false
  end
  redis.call('HSET', 'rq:execution:' .. pair, 'id', execution, 'job_id', id, 'created_at', created,
    'last_heartbeat', moment, 'worker_name', worker)
  redis.call('EXPIRE', 'rq:execution:' .. pair, ttl)
  redis.call('ZADD', 'rq:wip:' .. queue, 'XX', now + ttl, member)
  redis.call('ZADD', 'rq:executions:' .. id, now + ttl + 60, execution)
  redis.call('EXPIRE', 'rq:executions:' .. id, ttl + 60)
  redis.call('HSET', job, 'last_heartbeat', time)
  if state == 1 then
    redis.call('SADD', KEYS[2], pair)
    redis.call('EXPIRE', KEYS[2], keep)
  end
  return true
end

local away = {}
for at = 8 + queues, #ARGV, 6 do
  if not renew(unpack(ARGV, at, at + 5)) then
    away[#away + 1] = ARGV[at + 1]
  end
end
for i = 1, queues do
  reply[#reply + 1] = redis.call('ZRANGE', 'rq:wip:' .. ARGV[7 + i], 0, 0, 'WITHSCORES')[2] or ''
end
for _, execution in ipairs(away) do
  reply[#reply + 1] = execution
end
return reply
