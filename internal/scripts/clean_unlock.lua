-- clean_unlock gives up a lock that is still its owner's. RQ deletes it whoever
-- has it by then.
--
-- KEYS: lock
-- ARGV: the owner's token
-- returns 1, or 0 if the lock is gone or someone else's
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
