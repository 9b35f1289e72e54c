-- page_registry returns the entries of a registry that come after a given one, even if
-- that is gone: entries may come and go between two pages.
--
-- KEYS: registry
-- ARGV: score and member of the entry before ("" for both to begin), how many
-- returns members and scores in turn
local score, member, most = ARGV[1], ARGV[2], tonumber(ARGV[3])

-- follows compares bytes, as the server does; < in Lua depends on the locale.
local function follows(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then
      return x > y
    end
  end
  return #a > #b
end

local first = 0
if score ~= '' then
  -- Between first and last are the entries with that score; half of them are
  -- left out in each step.
  first = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. score)
  local last = redis.call('ZCOUNT', KEYS[1], '-inf', score)
  while first < last do
    local middle = math.floor((first + last) / 2)
    if follows(redis.call('ZRANGE', KEYS[1], middle, middle)[1], member) then
      last = middle
    else
      first = middle + 1
    end
  end
end
return redis.call('ZRANGE', KEYS[1], first, first + most - 1, 'WITHSCORES')
