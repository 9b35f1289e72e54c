-- check_permissions finds the commands that the user of the connection may not run on
-- RQ's keys and channels. It runs none of them.
--
-- KEYS: none
-- ARGV: names of commands
-- returns those that are refused or that the server does not have; none before
--       Redis 7, whose scripts cannot ask
if not redis.acl_check_cmd then
  return {}
end
local first = {pubsub = 'numsub', script = 'load', eval = '', evalsha = ''}
local second = {eval = '0', evalsha = '0'}
local refused = {}
for _, name in ipairs(ARGV) do
  local on = name == 'subscribe' and 'rq:pubsub:x' or 'rq:x'
  local known, may = pcall(redis.acl_check_cmd, name, first[name] or on, second[name] or on, on, on, on)
  if not known or not may then
    refused[#refused + 1] = name
  end
end
return refused
