-- server_now returns the Unix seconds that a script is given, or the server's own for
-- "0". Expiries that workers compare all come from the server's clock, so that a wrong
-- clock of one machine does not end the jobs of others.
local function server_now(given)
  return given == '0' and redis.call('TIME')[1] or given
end
