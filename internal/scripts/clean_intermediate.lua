-- clean_intermediate looks at one stretch of the ids that workers took and have
-- not started. Those without a job are removed, and when the others were first
-- seen is noted, as RQ does. The stretch is counted from the end, so that it is
-- not moved by jobs that are added there meanwhile.
--
-- KEYS: intermediate queue
-- ARGV: queue, how many ids lie behind the stretch, its length, a text that is no
--       id, now in Unix seconds with a fraction
-- returns the number of ids in the stretch, how many of them were removed, then
--       for each that was seen before and is in no execution, from the end on:
--       the id, when it was first seen, and its enqueued_at
local queue, behind, length, tombstone, now = unpack(ARGV)
local last = redis.call('LLEN', KEYS[1]) - 1 - behind
if last < 0 then
  return {0, 0}
end
local first = math.max(0, last - length + 1)
local ids, dead = redis.call('LRANGE', KEYS[1], first, last), 0
local seen = {}
for i = #ids, 1, -1 do
  local id = ids[i]
  local job, first_seen = 'rq:job:' .. id, KEYS[1] .. ':first_seen:' .. id
  if try('HEXISTS', job, 'data') ~= 1 then
    redis.call('LSET', KEYS[1], first + i - 1, tombstone)
    redis.call('DEL', first_seen)
    dead = dead + 1
  else
    local origin, enqueued_at = unpack(redis.call('HMGET', job, 'origin', 'enqueued_at'))
    if not executing(id, origin, queue) and not redis.call('SET', first_seen, now, 'NX', 'EX', 86400) then
      seen[#seen + 1] = id
      seen[#seen + 1] = try('GET', first_seen) or ''
      seen[#seen + 1] = enqueued_at or ''
    end
  end
end
if dead > 0 then
  redis.call('LREM', KEYS[1], -dead, tombstone)
end
return {#ids, dead, unpack(seen)}
