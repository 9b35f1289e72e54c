-- claim_jobs takes jobs off their queues and starts an execution of each, all
-- in one step: a job is at no moment in a worker's memory only. It writes what
-- a worker of RQ writes between taking a job and calling its function.
--
-- Ids that a blocking move has put in an intermediate queue come first in their
-- queue; those for which there is no room go back to its front. Ids without a
-- job, and those of canceled jobs, are dropped. An id leaves its queue after its
-- job has started, so a key that holds something else loses none: that queue is
-- left alone, and it is an error if no other has a job.
--
-- KEYS: worker, its executions
-- ARGV: how many jobs at the most, "1" to take one of each queue in turn, now in
--       Unix seconds ("0": the server's), now as a time, now with a fraction, the worker's name, its
--       birth, the seconds between its heartbeats, "1" if readers know executions
--       (RQ 2.0), "1" if they look for current_job (RQ before 3.0), the number of
--       queues, their names, the number of moved ids, for each its queue's number
--       and itself, then the id of an execution for each job
-- returns a state, then for each job its queue's number, its id, its execution
--       and its hash. The state is 1, 2 if the queues are empty now, 0 if workers
--       are suspended, -1 if the worker is not registered, has died before its claim
--       came, or another one has its name; then no job is taken, and moved ones go back. With 1 and no
--       job, so many ids were dropped that it was time to let others have their turn
local most, in_turn, now, time, moment, worker, birth, interval = unpack(ARGV, 1, 8)
most, in_turn, now, interval = tonumber(most), in_turn == '1', tonumber(server_now(now)), tonumber(interval)
local composite, current_job = ARGV[9] == '1', ARGV[10] == '1'
local at = 11

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

local state = 1
local born, death = unpack(redis.call('HMGET', KEYS[1], 'birth', 'death'))
if born ~= birth or death then
  state = -1
elseif redis.call('EXISTS', 'rq:suspended') == 1 then
  state = 0
end

local needed = {data = true, status = true, origin = true, timeout = true}

-- readable returns the hash of a job that can be run, and what it takes to start it.
local function readable(id)
  local hash = redis.pcall('HGETALL', 'rq:job:' .. id)
  if hash.err then
    return nil
  end
  local job = {}
  for n = 1, #hash, 2 do
    if needed[hash[n]] then
      job[hash[n]] = hash[n + 1]
    end
  end
  if not job.data or job.status == 'canceled' then
    return nil
  end
  return hash, job
end

-- times_of returns when what goes with a timeout ends, as texts: Redis takes long
-- to make them of numbers. These are the expiry of a heartbeat, of the execution,
-- and the same of the entry in rq:executions.
local times = {}
local function times_of(timeout)
  timeout = tonumber(timeout or 0) or 0
  local ttl = (timeout > 0 and math.floor(math.min(timeout, interval)) or interval) + 60
  if not times[ttl] then
    local function text(n) return string.format('%.0f', n) end
    times[ttl] = {text(now + ttl), text(ttl), text(now + ttl + 60), text(ttl + 60)}
  end
  return unpack(times[ttl])
end

-- start writes that a job runs, what can fail first. It returns an error if it
-- did: then nothing was changed.
local function start(id, execution, queue, job)
  local key, pair, origin = 'rq:job:' .. id, id .. ':' .. execution, job.origin
  local expiry, ttl, entry_expiry, entry_ttl = times_of(job.timeout)
  local anonymous = not origin or origin == ''
  if anonymous then
    origin = queue
  end
  local added = redis.pcall('ZADD', 'rq:wip:' .. origin, expiry, composite and pair or id)
  if type(added) == 'table' then
    return added
  end
  redis.call('HSET', key, 'last_heartbeat', time, 'status', 'started', 'started_at', time, 'worker_name', worker)
  if anonymous then
    redis.call('HSET', key, 'origin', queue)
  end
  redis.call('PERSIST', key)
  redis.call('HSET', 'rq:execution:' .. pair, 'id', execution, 'job_id', id, 'created_at', moment,
    'last_heartbeat', moment, 'worker_name', worker)
  redis.call('EXPIRE', 'rq:execution:' .. pair, ttl)
  own('ZADD', 'rq:executions:' .. id, entry_expiry, execution)
  redis.call('EXPIRE', 'rq:executions:' .. id, entry_ttl)
end

local reply, started, failure = {state}, {}, nil
local left = {} -- whether a queue has ids left, where that is known
local patience = 1000 -- for ids that are no jobs

-- begin starts the job of an id, if there is one. It reports whether the id is
-- dealt with.
local function begin(i, id)
  local hash, job = readable(id)
  if not hash then
    patience = patience - 1
    return true
  end
  local execution = ARGV[at]
  local err = start(id, execution, queues[i], job)
  if err then
    failure = err
    return false
  end
  at = at + 1
  reply[#reply + 1] = {i, id, execution, hash}
  started[#started + 1] = id .. ':' .. execution
  return true
end

-- take_moved begins with the ids of a queue that a blocking move has taken,
-- until so many jobs have started in all.
local function take_moved(i, enough)
  local intermediate = 'rq:queue:' .. queues[i] .. ':intermediate'
  while #moved[i] > 0 and #started < enough do
    local id = table.remove(moved[i], 1)
    if redis.call('LREM', intermediate, 1, id) == 1 then
      -- Maintenance may just have seen it there. RQ's would fail the job when it
      -- sees it there again within a day.
      redis.call('DEL', intermediate .. ':first_seen:' .. id)
      if not begin(i, id) then
        redis.call('LPUSH', intermediate, id)
        return
      end
    end
  end
end

-- take starts jobs of a queue, until so many have started in all. It looks at
-- one id more than it needs, to know whether any are left.
local function take(i, enough)
  take_moved(i, enough)
  local key = 'rq:queue:' .. queues[i]
  repeat
    local want, done = enough - #started, 0
    local ids = redis.pcall('LRANGE', key, 0, want)
    if ids.err then
      failure, left[i] = ids, true
      return
    end
    while done < math.min(want, #ids) and patience > 0 and begin(i, ids[done + 1]) do
      done = done + 1
    end
    if done > 0 then
      redis.call('LTRIM', key, done, -1)
    end
    left[i] = done < #ids
  until not left[i] or done < want or #started >= enough
end

-- put_back returns moved ids to the front of their queue, in order.
local function put_back(i)
  local key = 'rq:queue:' .. queues[i]
  for n = #moved[i], 1, -1 do
    if redis.call('LREM', key .. ':intermediate', 1, moved[i][n]) == 1 then
      local pushed = redis.pcall('LPUSH', key, moved[i][n])
      if type(pushed) == 'table' then
        redis.call('LPUSH', key .. ':intermediate', moved[i][n])
        failure = pushed
      else
        redis.call('DEL', key .. ':intermediate:first_seen:' .. moved[i][n])
      end
      left[i] = true
    end
  end
end

-- take_in_turn takes one job of each queue, again and again.
local function take_in_turn()
  local i, empty = 1, 0
  while #started < most and empty < #queues and patience > 0 do
    local before = #started
    take(i, before + 1)
    empty = #started > before and 0 or empty + 1
    i = i % #queues + 1
  end
end

local function drained()
  for i, queue in ipairs(queues) do
    if left[i] == nil then
      left[i] = redis.call('EXISTS', 'rq:queue:' .. queue) == 1
    end
    if left[i] then
      return false
    end
  end
  return true
end

if state == 1 and in_turn then
  take_in_turn()
elseif state == 1 then
  for i = 1, #queues do
    if #started < most and patience > 0 then
      take(i, most)
    end
  end
end
for i = 1, #queues do
  put_back(i)
end
if state == 1 and drained() then
  reply[1] = 2
end
if #started == 0 then
  return patience > 0 and failure or reply
end
for n = 1, #started, 1000 do
  own('SADD', KEYS[2], unpack(started, n, math.min(n + 999, #started)))
end
redis.call('EXPIRE', KEYS[2], interval + 120)
redis.call('HSET', KEYS[1], 'state', 'busy', 'last_heartbeat', time)
redis.call('EXPIRE', KEYS[1], interval + 60)
if current_job and redis.call('HSETNX', KEYS[1], 'current_job', reply[2][2]) == 1 then
  redis.call('HSET', KEYS[1], 'current_job_working_time', 0)
end
return reply
