-- clean_group removes ids without a job from a group, and the group when it is empty.
--
-- KEYS: group, rq:groups
-- ARGV: name of the group, then ids of it
-- returns the number of ids removed
local removed = 0
for i = 2, #ARGV do
  if redis.call('EXISTS', 'rq:job:' .. ARGV[i]) == 0 then
    removed = removed + redis.call('SREM', KEYS[1], ARGV[i])
  end
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('SREM', KEYS[2], ARGV[1])
end
return removed
