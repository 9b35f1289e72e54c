-- register_dependencies registers that a job waits for some others, or that it does
-- not. It may run before the job is saved: a job that is not deferred is left alone
-- when a dependency ends.
--
-- KEYS: dependencies of it, dependents of each dependency
-- ARGV: "1" if it waits for them, its id, the id of each dependency
-- returns nothing
local command = ARGV[1] == '1' and 'SADD' or 'SREM'
redis.call(command, KEYS[1], unpack(ARGV, 3))
for i = 2, #KEYS do
  redis.call(command, KEYS[i], ARGV[2])
end
