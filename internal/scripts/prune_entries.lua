-- prune_entries finds entries of a registry whose job is gone, and on request removes
-- them. An entry of a started job stays until its heartbeat has expired: its worker may
-- be alive, and RQ's stores the job again when it is done.
--
-- KEYS: registry
-- ARGV: "1" to remove them, now in Unix seconds, "1" if they are of started jobs,
--       then the members
-- returns for each 1 if it is there and its job is gone, else 0
local remove, now, started = ARGV[1] == '1', tonumber(ARGV[2]), ARGV[3] == '1'

local function exists(id)
  return redis.call('EXISTS', 'rq:job:' .. id) == 1
end

-- runs tells whether an execution is alive. Before RQ 2.0 only the time of its entry says so.
local function runs(member, id, score)
  score = tonumber(score) or math.huge
  if score >= 0 and score <= now then
    return false
  end
  return not id or redis.call('EXISTS', 'rq:execution:' .. member) == 1
end

local function orphaned(member)
  local score = redis.call('ZSCORE', KEYS[1], member)
  if not score or exists(member) then
    return false
  end
  if not started then
    return true
  end
  local id = string.match(member, '^(.*):[^:]*$')
  return not (id and exists(id)) and not runs(member, id, score)
end

local replies = {}
for n = 4, #ARGV do
  local found = orphaned(ARGV[n])
  if found and remove then
    redis.call('ZREM', KEYS[1], ARGV[n])
  end
  replies[n - 3] = found and 1 or 0
end
return replies
