-- release_locks releases the caller's scheduler locks, leaves alone those that others
-- hold by now, and removes the scheduler.
--
-- KEYS: scheduler, then the locks
-- ARGV: what the locks of the caller hold
-- returns the number of locks released
local released = 0
for i = 2, #KEYS do
  if redis.pcall('GET', KEYS[i]) == ARGV[1] then
    released = released + redis.call('DEL', KEYS[i])
  end
end
redis.call('DEL', KEYS[1])
return released
