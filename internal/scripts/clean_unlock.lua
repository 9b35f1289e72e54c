-- clean_unlock releases a lock that its owner still holds, or leaves it to expire with
-- RQ's value. RQ deletes the lock whoever holds it by then.
--
-- KEYS: lock
-- ARGV: the owner's token, in how many milliseconds it is to expire (0: at once)
-- returns 1, or 0 if the lock is gone or another holds it
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  return redis.call('DEL', KEYS[1])
end
redis.call('SET', KEYS[1], 1, 'PX', ARGV[2])
return 1
