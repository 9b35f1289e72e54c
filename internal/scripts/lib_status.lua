-- is_unknown_status tells whether this version does not know a status. Jobs without one are
-- created, as in RQ.
local function is_unknown_status(status)
  return status and status ~= '' and not known[status]
end
