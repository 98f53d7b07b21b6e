"""What must happen in one step inside the server where stories are compared."""

from __future__ import annotations

# KEYS: names (blocks) that stories are looked up under. ARGV: the prefix of prints, how many
# stories to return at most, how many of those that stand under one name only, then stories
# wanted in any case.
# Returns story, print, story, print, ...: those under most of the names first.
NEAR = """
local counts, order = {}, {}
for _, key in ipairs(KEYS) do
  for _, story in ipairs(redis.call('ZREVRANGE', key, 0, -1)) do
    local count = counts[story]
    if count then
      counts[story] = count + 1
    else
      counts[story] = 1
      order[#order + 1] = story
    end
  end
end
local several, once, rank = {}, {}, {}
local most, single = tonumber(ARGV[2]), tonumber(ARGV[3])
for i, story in ipairs(order) do
  if counts[story] > 1 then
    several[#several + 1] = story
    rank[story] = i
  elseif #once < single then
    once[#once + 1] = story
  end
end
table.sort(several, function(a, b)
  if counts[a] ~= counts[b] then return counts[a] > counts[b] end
  return rank[a] < rank[b]
end)
local wanted, taken = {}, {}
local function want(story)
  if not taken[story] then
    taken[story] = true
    wanted[#wanted + 1] = story
  end
end
for i = 4, #ARGV do want(ARGV[i]) end
for i = 1, math.min(#several, most) do want(several[i]) end
for i = 1, math.min(#once, most - #several) do want(once[i]) end
if #wanted == 0 then return {} end
local prints = {}
for i, story in ipairs(wanted) do prints[i] = ARGV[1] .. story end
local found = {}
for i, print in ipairs(redis.call('MGET', unpack(prints))) do
  if print then
    found[#found + 1] = wanted[i]
    found[#found + 1] = print
  end
end
return found
"""

# KEYS: names (blocks). ARGV: a number. Whether a story with a higher one stands under any.
NEWER = """
for _, key in ipairs(KEYS) do
  local last = redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')
  if last[2] and tonumber(last[2]) > tonumber(ARGV[1]) then return 1 end
end
return 0
"""

# KEYS: the count of stories, the story's print, then its names as a copy and as a report.
# ARGV: story, print, how many of the names are a copy's, the two windows in seconds, the
# most stories that may stand under a name.
REMEMBER = """
local number = redis.call('INCR', KEYS[1])
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[4])
for i = 3, #KEYS do
  redis.call('ZADD', KEYS[i], number, ARGV[1])
  redis.call('ZREMRANGEBYRANK', KEYS[i], 0, -ARGV[6] - 1)
  redis.call('EXPIRE', KEYS[i], i - 2 <= tonumber(ARGV[3]) and ARGV[4] or ARGV[5])
end
return number
"""

# KEYS: a hash of counts. ARGV: seconds to keep it, then fields and by how much each grows.
COUNT = """
for i = 2, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
