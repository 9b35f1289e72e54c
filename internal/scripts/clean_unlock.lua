-- clean_unlock gives up a lock that is still its owner's, or leaves it to expire with
-- RQ's value. RQ deletes it whoever has it by then.
--
-- KEYS: lock
-- ARGV: the owner's token, in how many milliseconds it is to expire (0: at once)
-- returns 1, or 0 if the lock is gone or someone else's
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  return redis.call('DEL', KEYS[1])
end
redis.call('SET', KEYS[1], 1, 'PX', ARGV[2])
return 1
