"""What must happen in one step inside the server."""

from __future__ import annotations

# KEYS[1]: a sorted set by due time. ARGV: now, until, limit.
# Takes what is due and moves it to `until`: that is the lease. Whoever dies holding it
# needs no clean-up; it is simply due again then.
CLAIM = """
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, member in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[2], member)
end
return due
"""

# KEYS[1]: as above. ARGV: the lease (a time) we hold, the new one, then the members.
# Returns the members whose lease is still that one.
RENEW = """
local held = {}
for i = 3, #ARGV do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if score and tonumber(score) == tonumber(ARGV[1]) then
    redis.call('ZADD', KEYS[1], ARGV[2], ARGV[i])
    held[#held + 1] = ARGV[i]
  end
end
return held
"""

# KEYS[1]: a lease. ARGV: our token. Lets go only of what is ours.
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
"""
