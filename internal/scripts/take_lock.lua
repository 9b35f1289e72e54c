-- take_lock takes a lock, or renews it for its owner. It can be repeated, so that a
-- lost reply does not lose the lock.
--
-- KEYS: lock
-- ARGV: the owner's token, for how many milliseconds
-- returns 1, or 0 if another holds the lock
local holder = redis.pcall('GET', KEYS[1]) -- an error is not the owner either
if holder == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
if holder then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
