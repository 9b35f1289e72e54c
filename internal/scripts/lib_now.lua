local clock -- the server's, once it was asked for

-- server_now returns the Unix seconds that a script is given, or the server's own for
-- "0". Expiries that workers compare all come from the server's clock, so that a wrong
-- clock of one machine does not end the jobs of others.
local function server_now(given)
  if given ~= '0' then
    return given
  end
  clock = clock or redis.call('TIME')[1]
  return clock
end
