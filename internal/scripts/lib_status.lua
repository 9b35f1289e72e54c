-- of_a_newer_rq tells whether this version does not know a status. Jobs without one are
-- created, as in RQ.
local function of_a_newer_rq(status)
  return status and status ~= '' and not known[status]
end
