-- compact_queue removes the ids without a job from one stretch of a queue. The stretch
-- is counted from the end, so that jobs taken meanwhile do not shift it, and jobs added
-- only make it overlap.
--
-- KEYS: queue
-- ARGV: how many ids lie behind the stretch, its length, a text that is not an id
-- returns the number of ids in the stretch, and how many of them were removed
local behind, length, tombstone = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local size = redis.call('LLEN', KEYS[1])
local last = size - 1 - behind
if last < 0 then
  return {0, 0}
end
local first = math.max(0, last - length + 1)
local dead = 0
for i, id in ipairs(redis.call('LRANGE', KEYS[1], first, last)) do
  if redis.call('EXISTS', 'rq:job:' .. id) == 0 then
    redis.call('LSET', KEYS[1], first + i - 1, tombstone)
    dead = dead + 1
  end
end
if dead > 0 then
  redis.call('LREM', KEYS[1], -dead, tombstone)
end
return {last - first + 1, dead}
