-- claim_jobs takes jobs off their queues and starts an execution of each, all in one
-- step, so that a job is never in a worker's memory only. It writes what a worker of RQ
-- writes between taking a job and calling its function.
--
-- Ids that a blocking move has put in an intermediate queue come first in their queue;
-- ids for which there is no room go back to its front. Ids without a job, and those of
-- canceled jobs, are dropped. The slot of a job that has expired goes to the next one.
-- An id leaves its queue after its job has started, so a key that holds something else
-- loses no id: that queue is left alone, and it is an error if no other has a job.
--
-- The claim ends when its reply has a number of bytes of jobs, and fields longer than a
-- limit are left out, to be read by themselves. A job with a status of a newer RQ is
-- never run, and its id goes to the end of its queue, where workers that know the status
-- find it.
--
-- RQ 2 and later fail on an entry of rq:wip with two colons, so for an id that has one
-- itself, the entry is the id, as in RQ 1.
--
-- KEYS: worker, its executions
-- ARGV: how many jobs at the most, "1" to take one of each queue in turn, now in
--       Unix seconds ("0": the server's), now as a time, now with a fraction, the worker's name, its
--       birth, the seconds between its heartbeats, "1" if readers know executions
--       (RQ 2.0), "1" if they look for current_job (RQ before 3.0), after how many
--       bytes the claim ends, how long a field in the reply may be, the number of
--       queues, for each its name and "1" if any job may be taken of it, the number of
--       named ids, for each its queue's number, itself, "1" if it is in the
--       intermediate queue and not in the queue, and its place in the queue if not, then
--       the id of an execution for each job
-- returns a state, then for each job its queue's number, its id, its execution,
--       its hash, and how many bytes of it were left out, if any. The state is 1, 2 if
--       the queues of which any job may be taken are empty now, 3 if that is so
--       except for jobs with a status of a newer RQ, or if only those were found, 0 if
--       workers are suspended, -1 if the worker is not registered, has died before its claim
--       came, or another worker has its name; then no job is taken, and moved ones go back. With 1 and no
--       job, so many ids were dropped that other clients must get their turn
local most, in_turn, now, time, moment, worker, birth, interval = unpack(ARGV, 1, 8)
most, in_turn, now, interval = tonumber(most), in_turn == '1', tonumber(server_now(now)), tonumber(interval)
local composite, current_job = ARGV[9] == '1', ARGV[10] == '1'
local budget, longest = tonumber(ARGV[11]), tonumber(ARGV[12])
local at = 13

local function next_arg()
  at = at + 1
  return ARGV[at - 1]
end

local queues, open, moved, named = {}, {}, {}, {}
for i = 1, tonumber(next_arg()) do
  queues[i], open[i], moved[i], named[i] = next_arg(), next_arg() == '1', {}, {}
end
for _ = 1, tonumber(next_arg()) do
  local queue, id, is_moved, place = tonumber(next_arg()), next_arg(), next_arg() == '1', tonumber(next_arg())
  table.insert(is_moved and moved[queue] or named[queue], is_moved and id or {id, place})
end

local state = 1
local born, death = unpack(redis.call('HMGET', KEYS[1], 'birth', 'death'))
if born ~= birth or death then
  state = -1
elseif redis.call('EXISTS', 'rq:suspended') == 1 then
  state = 0
end

local needed = {data = true, status = true, origin = true, timeout = true}

-- without_data returns the hash of a job without its data, which is long, or an error.
local function without_data(key)
  local names, hash = {}, {}
  local all = redis.pcall('HKEYS', key)
  for _, name in ipairs(all) do
    if name ~= 'data' then
      names[#names + 1] = name
    end
  end
  local values = #names > 0 and redis.pcall('HMGET', key, unpack(names)) or {}
  for n, value in ipairs(values) do
    hash[2 * n - 1], hash[2 * n] = names[n], value
  end
  return all.err and all or values.err and values or hash
end

-- short returns the fields of a hash that are not too long, and the bytes of those that
-- are.
local function short(hash)
  local fields, left_out = {}, 0
  for n = 1, #hash, 2 do
    if #hash[n + 1] > longest then
      left_out = left_out + #hash[n + 1]
    else
      fields[#fields + 1], fields[#fields + 2] = hash[n], hash[n + 1]
    end
  end
  return fields, left_out
end

local refused -- the error with which the server refuses to read a job

-- readable returns the hash of a job that can be run, what it takes to start it, how
-- many bytes the hash has, and how many were left out of it.
local function readable(id)
  local key = 'rq:job:' .. id
  local length = redis.pcall('HSTRLEN', key, 'data')
  local long = type(length) == 'number' and length > longest
  local hash = type(length) == 'table' and length or long and without_data(key) or redis.pcall('HGETALL', key)
  if hash.err then
    refused = not string.find(hash.err, 'WRONGTYPE', 1, true) and hash or nil
    return nil
  end
  local job, bytes, left_out = {}, 0, 0
  for n = 1, #hash, 2 do
    bytes = bytes + #hash[n + 1]
    if needed[hash[n]] then
      job[hash[n]] = hash[n + 1]
    end
  end
  if not (job.data or long) or dropped[job.status] then
    return nil
  end
  if bytes > longest then
    hash, left_out = short(hash)
    bytes = bytes - left_out
  end
  return hash, job, bytes, long and left_out + length or left_out
end

-- times_of returns the times that follow from a timeout, as text, because Redis is slow
-- to convert numbers: the expiry of a heartbeat and of the execution, and that of the
-- entry in rq:executions.
local times = {}
local function times_of(timeout)
  timeout = tonumber(timeout or 0) or 0
  local ttl = (timeout > 0 and math.floor(math.min(timeout, interval)) or interval) + 60
  ttl = math.max(ttl, interval + 30) -- it must last until the next one, also if the job is over by then
  if not times[ttl] then
    local function text(n) return string.format('%.0f', n) end
    times[ttl] = {text(now + ttl), text(ttl), text(now + ttl + 60), text(ttl + 60)}
  end
  return unpack(times[ttl])
end

-- start writes that a job runs, and first the parts that can fail. It returns their
-- error; then nothing was changed.
local function start(id, execution, queue, job)
  local key, pair, origin = 'rq:job:' .. id, id .. ':' .. execution, job.origin
  local expiry, ttl, entry_expiry, entry_ttl = times_of(job.timeout)
  local anonymous = not origin or origin == ''
  if anonymous then
    origin = queue
  end
  local added = redis.pcall('ZADD', 'rq:wip:' .. origin, expiry, composite and not string.find(id, ':', 1, true) and pair or id)
  if type(added) == 'table' then
    return added
  end
  redis.call('HSET', key, 'last_heartbeat', time, 'status', 'started', 'started_at', time, 'worker_name', worker)
  if anonymous then
    redis.call('HSET', key, 'origin', queue)
  end
  redis.call('PERSIST', key)
  own('HSET', 'rq:execution:' .. pair, 'id', execution, 'job_id', id, 'created_at', moment,
    'last_heartbeat', moment, 'worker_name', worker)
  redis.call('EXPIRE', 'rq:execution:' .. pair, ttl)
  own('ZADD', 'rq:executions:' .. id, entry_expiry, execution)
  redis.call('EXPIRE', 'rq:executions:' .. id, entry_ttl)
end

local reply, started, failure = {state}, {}, nil
local left = {} -- whether a queue has ids left, if that is known
local patience = 1000 -- for ids without a job
local spent = 0 -- bytes of hashes in the reply

-- enough tells whether the claim is full.
local function enough(jobs)
  return #started >= jobs or (#started > 0 and spent >= budget)
end
local expired = {} -- jobs that may have held a slot
local held = {} -- queues and ids of jobs that this version leaves alone

-- begin starts the job of an id, if there is one. It reports whether the id can be
-- removed.
local function begin(i, id)
  local hash, job, bytes, left_out = readable(id)
  if refused then
    failure = refused
    return false
  end
  if not hash then
    if redis.call('EXISTS', 'rq:job:' .. id) == 0 then
      expired[#expired + 1] = id
    end
    patience = patience - 1
    return true
  end
  if is_unknown_status(job.status) then
    held[#held + 1] = {i, id}
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
  reply[#reply + 1] = {i, id, execution, hash, left_out > 0 and left_out or nil}
  spent = spent + bytes
  started[#started + 1] = id .. ':' .. execution
  return true
end

-- take_moved starts jobs whose ids a blocking move has taken from a queue, until so
-- many have started in all.
local function take_moved(i, most_of_all)
  local intermediate = 'rq:queue:' .. queues[i] .. ':intermediate'
  while #moved[i] > 0 and not enough(most_of_all) do
    local id = table.remove(moved[i], 1)
    if redis.call('LREM', intermediate, 1, id) == 1 then
      -- Maintenance may just have seen it there, and RQ's fails the job when it sees it
      -- there again within a day.
      redis.call('DEL', intermediate .. ':first_seen:' .. id)
      if not begin(i, id) then
        redis.call('LPUSH', intermediate, id)
        return
      end
    end
  end
end

-- places_of returns where the named ids of a queue are, near to where the worker has
-- seen them: jobs are taken and added all the time.
local function places_of(i)
  local first, last, found = math.huge, 0, {}
  for _, seen in ipairs(named[i]) do
    first, last = math.min(first, seen[2]), math.max(last, seen[2])
  end
  first = math.max(0, first - 200)
  local ids = redis.pcall('LRANGE', 'rq:queue:' .. queues[i], first, last + 50)
  for n, id in ipairs(ids) do
    found[id] = first + n - 1
  end
  failure = ids.err and ids or failure
  return found
end

-- take_named starts jobs whose ids the worker has seen in a queue, if they are still
-- there. A text takes their places until the claim is complete: taking out each by itself
-- would make Redis go through the queue as often.
local text, places, gaps = 'rq-go:gap:' .. ARGV[#ARGV], {}, {}
local function take_named(i, most_of_all)
  local key = 'rq:queue:' .. queues[i]
  while #named[i] > 0 and not enough(most_of_all) do
    places[i] = places[i] or places_of(i)
    local id = table.remove(named[i], 1)[1]
    local at = places[i][id]
    if at then
      local same = redis.pcall('LSET', key, at, id) -- if this is refused, nothing has changed
      if same.err then
        failure = same
        return
      end
      if not begin(i, id) then
        return
      end
      redis.call('LSET', key, at, text)
      places[i][id] = nil
      local gap = gaps[i] or {n = 0, first = at, last = at}
      gaps[i] = {n = gap.n + 1, first = math.min(gap.first, at), last = math.max(gap.last, at)}
    end
  end
end

-- The most ids that lie between an end of a queue and one that is taken out of it.
local near = 100000

-- close_gaps takes the text out of the queues again, if it is near to an end.
local function close_gaps()
  for i, gap in pairs(gaps) do
    take_out('rq:queue:' .. queues[i], text, gap.n, gap.first, gap.last, near)
  end
end

-- take starts jobs of a queue, until so many have started in all. It looks at
-- one id more than it needs, to know whether any are left.
local function take(i, most_of_all)
  take_moved(i, most_of_all)
  take_named(i, most_of_all)
  if not open[i] then
    left[i] = false
    return
  end
  local key = 'rq:queue:' .. queues[i]
  repeat
    local want, done = most_of_all - #started, 0
    local ids = redis.pcall('LRANGE', key, 0, want)
    if ids.err then
      failure, left[i] = ids, true
      return
    end
    while done < math.min(want, #ids) and patience > 0 and not enough(most_of_all) and begin(i, ids[done + 1]) do
      done = done + 1
    end
    if done > 0 then
      redis.call('LTRIM', key, done, -1)
      places[i] = nil -- they have moved
    end
    left[i] = done < #ids
  until not left[i] or done < want or enough(most_of_all)
end

-- give_back puts an id back in its queue, or in the intermediate queue if the queue's key holds
-- something else.
local function give_back(i, id, command)
  local key = 'rq:queue:' .. queues[i]
  local pushed = redis.pcall(command, key, id)
  if type(pushed) == 'table' then
    redis.call('LPUSH', key .. ':intermediate', id)
    failure = pushed
  else
    redis.call('DEL', key .. ':intermediate:first_seen:' .. id)
  end
end

-- put_back returns moved ids to the front of their queue, in order.
local function put_back(i)
  local key = 'rq:queue:' .. queues[i]
  for n = #moved[i], 1, -1 do
    if redis.call('LREM', key .. ':intermediate', 1, moved[i][n]) == 1 then
      give_back(i, moved[i][n], 'LPUSH')
      left[i] = true
    end
  end
end

-- take_in_turn takes one job from each queue in turn.
local function take_in_turn()
  local i, empty = 1, 0
  while not enough(most) and empty < #queues and patience > 0 do
    local before = #started
    take(i, before + 1)
    empty = #started > before and 0 or empty + 1
    i = i % #queues + 1
  end
end

local function drained()
  for i, queue in ipairs(queues) do
    if left[i] == nil then
      left[i] = open[i] and redis.call('EXISTS', 'rq:queue:' .. queue) == 1
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
    if not enough(most) and patience > 0 then
      take(i, most)
    end
  end
end
close_gaps()
for i = 1, #queues do
  put_back(i)
end
for _, id in ipairs(expired) do
  release_expired_slot(id, now, time)
  left = {} -- the next job for the slot may be in any queue
end
if state == 1 and drained() then
  reply[1] = 2
end
for _, found in ipairs(held) do
  give_back(found[1], found[2], 'RPUSH')
end
if #held > 0 and (#started == 0 or reply[1] == 2) then
  reply[1] = 3
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
