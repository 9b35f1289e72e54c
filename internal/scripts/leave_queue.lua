-- leave_queue takes ids out of one stretch of a long queue: those of jobs that it
-- cancels in the same step, and those of jobs that are canceled or gone. The stretch is
-- counted from the end, so that jobs taken meanwhile do not shift it, and jobs added
-- only make it overlap.
--
-- KEYS: queue
-- ARGV: how many ids lie behind the stretch, its length, a text that is not an id,
--       "1" to enqueue dependents, now in Unix seconds, enqueued_at, the number of jobs to
--       cancel, their ids, then the ids of others
-- returns the number of ids in the stretch, then for each job that was canceled its
--       place among those to cancel, and 1, or 2 if there is more to do for
--       release_dependents.lua
local behind, length, tombstone, with_dependents, now, enqueued_at, n = unpack(ARGV, 1, 7)
n = tonumber(n)
local last = redis.call('LLEN', KEYS[1]) - 1 - behind
if last < 0 then
  return {0}
end
local first = math.max(0, last - length + 1)
local place, replies, taken = {}, {last - first + 1}, 0
for i = 8, #ARGV do
  place[ARGV[i]] = i - 7
end
if n == 0 then
  redis.call('UNLINK', tombstone) -- there is no such key: after its first write a script gets memory, so that deleting cannot fail
end

-- ends tells whether a job is gone or canceled, possibly just now.
local function ends(id, at)
  local status = redis.pcall('HGET', 'rq:job:' .. id, 'status')
  if over[status] or redis.call('EXISTS', 'rq:job:' .. id) == 0 then
    return true
  end
  local fine, code
  if at <= n and type(status) ~= 'table' and not is_unknown_status(status) then
    fine, code = pcall(cancel_stored, id, with_dependents == '1', now, enqueued_at)
  end
  if fine then
    replies[#replies + 1], replies[#replies + 2] = at, code
  end
  return fine
end

for i, id in ipairs(redis.call('LRANGE', KEYS[1], first, last)) do
  if place[id] and ends(id, place[id]) then
    redis.call('LSET', KEYS[1], first + i - 1, tombstone)
    taken = taken + 1
  end
end
if taken > 0 then
  take_out(KEYS[1], tombstone, taken, first, last)
end
return replies
