-- beat renews the heartbeats of a worker and its executions. It renews nothing of an
-- execution that was taken away: a late heartbeat must not bring back a job that was
-- deleted or that others have taken over. An execution that it cannot renew, because a
-- key holds something else, does not keep it from renewing the others.
--
-- KEYS: worker, its executions
-- ARGV: birth of the worker, now in Unix seconds ("0": the server's), now as a
--       time, now with a fraction, seconds that the worker is kept, its name, the number of
--       queues, their names, then for each execution: job, execution, queue,
--       member in rq:wip, seconds that it is kept, when it was created
-- returns a state, "1" if workers are suspended, the server's time, the earliest expiry in each
--       queue's rq:wip ("" if there is none), then the executions that are
--       taken away. The state is 1, 0 if the worker is no longer registered,
--       -1 if another worker has its name
local birth, now, time, moment, keep, worker = unpack(ARGV, 1, 6)
now = server_now(now)
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
local clock = redis.call('TIME')
local reply = {state, tostring(redis.call('EXISTS', 'rq:suspended')), string.format('%d.%06d', clock[1], clock[2])}

-- held reports whether an execution still belongs to the job. The execution of a
-- canceled job is no longer in rq:wip, but still runs.
local function held(id, execution, queue, member)
  local fields = redis.pcall('HMGET', 'rq:job:' .. id, 'worker_name', 'status')
  local of_worker, status = unpack(fields.err and {} or fields)
  if not of_worker then
    return false
  end
  if status == 'canceled' then
    return (of_worker == worker or of_worker == '') and redis.pcall('ZSCORE', 'rq:executions:' .. id, execution)
  end
  if member == id and of_worker ~= worker then
    return false
  end
  return redis.pcall('ZSCORE', 'rq:wip:' .. queue, member) -- an error does not mean that it is not there
end

local function renew(id, execution, queue, member, ttl, created)
  local job, pair = 'rq:job:' .. id, id .. ':' .. execution
  redis.call('ZADD', 'rq:wip:' .. queue, 'XX', now + ttl, member)
  redis.call('HSET', 'rq:execution:' .. pair, 'id', execution, 'job_id', id, 'created_at', created,
    'last_heartbeat', moment, 'worker_name', worker)
  redis.call('EXPIRE', 'rq:execution:' .. pair, ttl)
  own('ZADD', 'rq:executions:' .. id, now + ttl + 60, execution)
  redis.call('EXPIRE', 'rq:executions:' .. id, ttl + 60)
  redis.call('HSET', job, 'last_heartbeat', time)
  if state == 1 then
    own('SADD', KEYS[2], pair)
    redis.call('EXPIRE', KEYS[2], keep)
  end
end

local away = {}
for at = 8 + queues, #ARGV, 6 do
  local id, execution, queue, member = unpack(ARGV, at, at + 3)
  if held(id, execution, queue, member) then
    pcall(renew, unpack(ARGV, at, at + 5))
  else
    away[#away + 1] = execution
  end
end
for i = 1, queues do
  local first = redis.pcall('ZRANGE', 'rq:wip:' .. ARGV[7 + i], 0, 0, 'WITHSCORES')
  reply[#reply + 1] = not first.err and first[2] or ''
end
for _, execution in ipairs(away) do
  reply[#reply + 1] = execution
end
return reply
