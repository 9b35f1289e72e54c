-- clean_workers removes the keys of workers that no longer exist from the sets of
-- workers. In RQ a worker that registers meanwhile can be lost.
--
-- KEYS: the set they were found in, rq:workers
-- ARGV: the keys of workers
-- returns the number of workers that are gone
local gone = 0
for _, worker in ipairs(ARGV) do
  if redis.call('EXISTS', worker) == 0 then
    redis.call('SREM', KEYS[1], worker)
    redis.call('SREM', KEYS[2], worker)
    gone = gone + 1
  end
end
return gone
