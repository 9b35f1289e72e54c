-- claim_jobs takes jobs off their queues and starts an execution of each, all
-- in one step: a job is at no moment in a worker's memory only. It writes what
-- a worker of RQ writes between taking a job and calling its function.
--
-- Ids that a blocking move has put in an intermediate queue come first in their
-- queue; those for which there is no room go back to its front. Ids without a
-- job, and those of canceled jobs, are dropped.
--
-- KEYS: worker, its executions
-- ARGV: how many jobs at the most, "1" to take one of each queue in turn, now in
--       Unix seconds, now as a time, now with a fraction, the worker's name, the
--       seconds between its heartbeats, "1" if readers know executions (RQ 2.0),
--       "1" if they look for current_job (RQ before 3.0), the number of queues,
--       their names, the number of moved ids, for each its queue's number and
--       itself, then the id of an execution for each job
-- returns a state, then for each job its queue's number, its id, its execution
--       and its hash. The state is 1, 2 if the queues are empty now, 0 if workers
--       are suspended, -1 if the worker is not registered; then no job is taken,
--       and moved ones go back
local most, in_turn, now, time, moment, worker, interval = unpack(ARGV, 1, 7)
most, in_turn, now, interval = tonumber(most), in_turn == '1', tonumber(now), tonumber(interval)
local composite, current_job = ARGV[8] == '1', ARGV[9] == '1'
local at = 10

local function next_arg()
  at = at + 1
  return ARGV[at - 1]
end

local queues, moved = {}, {}
for i = 1, tonumber(next_arg()) do
  queues[i], moved[i] = next_arg(), {}
end
for _ = 1, tonumber(next_arg()) do
  local queue = tonumber(next_arg())
  table.insert(moved[queue], next_arg())
end

-- put_back returns moved ids to the front of their queue, in order.
local function put_back(i)
  local key = 'rq:queue:' .. queues[i]
  for n = #moved[i], 1, -1 do
    if redis.call('LREM', key .. ':intermediate', 1, moved[i][n]) == 1 then
      redis.call('LPUSH', key, moved[i][n])
    end
  end
end

-- take returns the next id of a queue, and nothing when it is empty.
local function take(i)
  local key = 'rq:queue:' .. queues[i]
  while #moved[i] > 0 do
    local id = table.remove(moved[i], 1)
    if redis.call('LREM', key .. ':intermediate', 1, id) == 1 then
      return id
    end
  end
  return redis.call('LPOP', key)
end

-- readable returns the hash of a job that can be run.
local function readable(id)
  local hash = redis.pcall('HGETALL', 'rq:job:' .. id)
  if hash.err then
    return nil
  end
  local job = {}
  for n = 1, #hash, 2 do
    job[hash[n]] = hash[n + 1]
  end
  if not job.data or job.status == 'canceled' then
    return nil
  end
  return hash, job
end

local function heartbeat_ttl(timeout)
  timeout = tonumber(timeout or 0) or 0
  return (timeout > 0 and math.floor(math.min(timeout, interval)) or interval) + 60
end

local function start(id, execution, queue, job)
  local key, ttl = 'rq:job:' .. id, heartbeat_ttl(job.timeout)
  local pair, origin = id .. ':' .. execution, job.origin
  redis.call('HSET', key, 'last_heartbeat', time, 'status', 'started', 'started_at', time, 'worker_name', worker)
  if not origin or origin == '' then
    origin = queue
    redis.call('HSET', key, 'origin', queue)
  end
  redis.call('PERSIST', key)
  redis.call('HSET', 'rq:execution:' .. pair, 'id', execution, 'job_id', id, 'created_at', moment,
    'last_heartbeat', moment, 'worker_name', worker)
  redis.call('EXPIRE', 'rq:execution:' .. pair, ttl)
  redis.call('ZADD', 'rq:executions:' .. id, now + ttl + 60, execution)
  redis.call('EXPIRE', 'rq:executions:' .. id, ttl + 60)
  redis.call('ZADD', 'rq:wip:' .. origin, now + ttl, composite and pair or id)
  redis.call('SADD', KEYS[2], pair)
end

local state = 1
if redis.call('EXISTS', KEYS[1]) == 0 then
  state = -1
elseif redis.call('EXISTS', 'rq:suspended') == 1 then
  state = 0
end
if state ~= 1 then
  most = 0
end

local reply, taken, i, empty = {state}, 0, 1, 0
while taken < most and empty < #queues do
  local id = take(i)
  if not id then
    empty = empty + 1
  else
    empty = 0
    local hash, job = readable(id)
    if hash then
      local execution = next_arg()
      start(id, execution, queues[i], job)
      taken = taken + 1
      reply[#reply + 1] = {i, id, execution, hash}
    end
  end
  if not id or (in_turn and #reply > 1) then
    i = i % #queues + 1
  end
end
for n = 1, #queues do
  put_back(n)
end

local function drained()
  for _, queue in ipairs(queues) do
    if redis.call('EXISTS', 'rq:queue:' .. queue) == 1 then
      return false
    end
  end
  return true
end
if state == 1 and (empty == #queues or drained()) then
  reply[1] = 2
end
if taken > 0 then
  redis.call('EXPIRE', KEYS[2], interval + 120)
  redis.call('HSET', KEYS[1], 'state', 'busy', 'last_heartbeat', time)
  redis.call('EXPIRE', KEYS[1], interval + 60)
  if current_job and redis.call('HSETNX', KEYS[1], 'current_job', reply[2][2]) == 1 then
    redis.call('HSET', KEYS[1], 'current_job_working_time', 0)
  end
end
return reply
