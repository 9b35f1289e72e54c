-- find_unmet looks for one of some dependencies that is not done. A dependency that does
-- not exist counts as done, as in RQ.
--
-- KEYS: the job of each dependency
-- ARGV: "1" if a failed one will do
-- returns which one it is, counted from 1, or 0 if there is none
for i, job in ipairs(KEYS) do
  local status = redis.call('HGET', job, 'status')
  local exists = status or redis.call('EXISTS', job) == 1
  local met = met_of[status]
  if exists and met ~= 'always' and not (ARGV[1] == '1' and met == 'failed') then
    return i
  end
end
return 0
