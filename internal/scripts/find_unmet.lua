-- find_unmet looks for one of some dependencies that is not done. A dependency that does
-- not exist counts as done, as in RQ.
--
-- KEYS: the job of each dependency
-- ARGV: "1" if a failed one will do
-- returns which one it is, counted from 1, or 0 if there is none
for i, job in ipairs(KEYS) do
  if not is_met(job, ARGV[1] == '1') then
    return i
  end
end
return 0
