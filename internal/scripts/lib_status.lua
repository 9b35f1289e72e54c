-- of_a_newer_rq tells whether a status is one that this version does not know. Jobs
-- that have none were created, as in RQ.
local function of_a_newer_rq(status)
  return status and status ~= '' and not known[status]
end
