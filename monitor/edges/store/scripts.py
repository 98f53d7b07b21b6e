"""What must happen in one step inside the server."""

from __future__ import annotations

# KEYS: feeds by due time, hosts by when they may be asked, hosts in somebody's hands.
# ARGV: now, until, limit.
# Takes what is due and moves it to `until`: that is the lease. Whoever dies holding it
# needs no clean-up; it is simply due again then. Hosts whose time has come are forgotten.
CLAIM = """
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[1])
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, member in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[2], member)
end
return due
"""

# KEYS: as above. ARGV: now, until, when to come back for a host in other hands, the latest time
# that can be meant, the prefix of hashes; then for each feed its name, its host, our lease of it
# and our hold of its host ('' for none).
# Those still ours by the lease whose host may be asked, and is in our hands or nobody's, are held
# until `until` together with the host: {name, host, state}. Of the others their turn is put off.
BEGIN = """
local now, latest, begun, ours = tonumber(ARGV[1]), tonumber(ARGV[4]), {}, {}
for i = 6, #ARGV, 4 do
  local name, host = ARGV[i], ARGV[i + 1]
  local score = redis.call('ZSCORE', KEYS[1], name)
  if score and tonumber(score) == tonumber(ARGV[i + 2]) then
    local kept = redis.call('HMGET', ARGV[5] .. name, 'state', 'host')
    if kept[2] and kept[2] ~= '' then host = kept[2] end
    local held = tonumber(redis.call('ZSCORE', KEYS[3], host) or 0)
    local free = tonumber(redis.call('ZSCORE', KEYS[2], host) or 0)
    if not ours[host] and free > now and free <= latest then
      redis.call('ZADD', KEYS[1], free, name)
    elseif not ours[host] and held > now and held <= latest and held ~= tonumber(ARGV[i + 3]) then
      redis.call('ZADD', KEYS[1], math.min(held, tonumber(ARGV[3])), name)
    else
      ours[host] = true
      redis.call('ZADD', KEYS[3], ARGV[2], host)
      redis.call('ZADD', KEYS[1], ARGV[2], name)
      begun[#begun + 1] = {name, host, kept[1] or ''}
    end
  end
end
return begun
"""

# KEYS: as above. ARGV: until, then for each feed its name and when its turn was as we saw it ('' if
# it took none). Takes those whose turn is still then: nobody took them meanwhile.
CLAIM_THESE = """
local taken = {}
for i = 2, #ARGV, 2 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if (not score and ARGV[i + 1] == '') or (score and tonumber(score) == tonumber(ARGV[i + 1])) then
    redis.call('ZADD', KEYS[1], ARGV[1], ARGV[i])
    taken[#taken + 1] = ARGV[i]
  end
end
return taken
"""

# KEYS: as above. ARGV: a JSON list with for each host its name, our hold of it and when it may be
# asked again; then feeds of it that we hold no longer, each with our lease: their turn is when the
# host's is.
FREE = """
for _, one in ipairs(cjson.decode(ARGV[1])) do
  local held = redis.call('ZSCORE', KEYS[3], one[1])
  if held and tonumber(held) == tonumber(one[2]) then redis.call('ZREM', KEYS[3], one[1]) end
  redis.call('ZADD', KEYS[2], 'GT', one[3], one[1])
  for i = 4, #one, 2 do
    local score = redis.call('ZSCORE', KEYS[1], one[i])
    if score and tonumber(score) == tonumber(one[i + 1]) then
      redis.call('ZADD', KEYS[1], one[3], one[i])
    end
  end
end
"""

# KEYS: hashes. ARGV: a field, then for each hash the value it must have there ('' for none) and a
# JSON list of commands to run then. Each stands for itself; returns 1 or 0 for each.
EACH = """
local done = {}
for i, key in ipairs(KEYS) do
  local found = redis.call('HGET', key, ARGV[1]) or ''
  done[i] = 0
  if found == ARGV[2 * i] then
    for _, command in ipairs(cjson.decode(ARGV[2 * i + 1])) do
      redis.call(unpack(command))
    end
    done[i] = 1
  end
end
return done
"""

# KEYS[1]: a sorted set by due time. ARGV: now, how many at most, the prefix of hashes.
# Returns what is due with its hash, the longest due first: {member, {field, value, ...}}.
DUE = """
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local found = {}
for i, member in ipairs(due) do
  found[i] = {member, redis.call('HGETALL', ARGV[3] .. member)}
end
return found
"""

# KEYS: hashes. ARGV: a field, JSON lists of the values it must have and of commands to run then.
# One round trip, for it stands on the way of every alert. What may need memory comes first
# among the commands: a full server refuses that, and with it all.
GUARDED = """
local wanted = cjson.decode(ARGV[2])
for i, key in ipairs(KEYS) do
  if redis.call('HGET', key, ARGV[1]) ~= wanted[i] then return 0 end
end
for _, command in ipairs(cjson.decode(ARGV[3])) do
  redis.call(unpack(command))
end
return 1
"""

# KEYS: an outbox, the list of a bundle. ARGV: now, until, the prefix of hashes, the bundle or '',
# then members and the tries each must have. Takes them if all are due still, or none: whoever
# slept between looking and taking takes nothing that was another's meanwhile.
TAKE = """
for i = 5, #ARGV, 2 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if not score or tonumber(score) > tonumber(ARGV[1]) then return 0 end
  if redis.call('HGET', ARGV[3] .. ARGV[i], 'tries') ~= ARGV[i + 1] then return 0 end
end
if ARGV[4] ~= '' then
  for i = 5, #ARGV, 2 do redis.call('HSET', ARGV[3] .. ARGV[i], 'bundle', ARGV[4]) end
  redis.call('DEL', KEYS[2])
  for i = 5, #ARGV, 2 do redis.call('RPUSH', KEYS[2], ARGV[i]) end
end
for i = 5, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[2], ARGV[i]) end
return 1
"""

# KEYS[1]: an outbox. ARGV: now, the prefix of hashes. What failed and waits for its next try is
# due now, the oldest first, and has its tries before it again; what is in somebody's hands, or
# held for its hour, stays.
HURRY = """
local hurried = 0
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = ARGV[2] .. member
  local found = redis.call('HMGET', key, 'state', 'interrupted', 'at', 'tries')
  if found[1] == 'failed' and (found[2] or '0') == '0' then
    redis.call('HSET', key, 'base', found[4])
    redis.call('ZADD', KEYS[1], found[3] or ARGV[1], member)
    hurried = hurried + 1
  end
end
return hurried
"""

# KEYS: an outbox, the dead, what has ended, the receiver's counts. ARGV: now, the time before
# which what waits is given up, the prefix of hashes, JSON of the attempt that says so.
# What is held for a later hour, or in somebody's hands, is left. Returns how many were given up.
GIVE_UP = """
local given = 0
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, 4999)) do
  local key = ARGV[3] .. member
  local found = redis.call('HMGET', key, 'at', 'state', 'tries', 'due', 'interrupted')
  local at = tonumber(found[1] or ARGV[1])
  local score = tonumber(redis.call('ZSCORE', KEYS[1], member))
  local held = (found[4] and score > tonumber(ARGV[1])) or (found[5] or '0') ~= '0'
  if at < tonumber(ARGV[2]) and not held then
    redis.call('HSET', key, 'state', 'dead', 'try:' .. (tonumber(found[3]) + 1), ARGV[4])
    redis.call('HINCRBY', key, 'tries', 1)
    redis.call('ZADD', KEYS[2], ARGV[1], member)
    redis.call('ZADD', KEYS[3], ARGV[1], member)
    redis.call('HINCRBY', KEYS[4], found[2], -1)
    redis.call('HINCRBY', KEYS[4], 'dead', 1)
    redis.call('ZREM', KEYS[1], member)
    given = given + 1
  end
end
return given
"""

# KEYS: what has ended, all deliveries, the dead. ARGV: the prefix of hashes, that of counts, then
# members. Forgets those that have ended and were not sent anew meanwhile.
FORGET = """
for i = 3, #ARGV do
  local key = ARGV[1] .. ARGV[i]
  local found = redis.call('HMGET', key, 'state', 'receiver')
  if found[1] == 'sent' or found[1] == 'dead' then
    redis.call('HINCRBY', ARGV[2] .. found[2], found[1], -1)
    redis.call('UNLINK', key)
  end
  if found[1] ~= 'pending' and found[1] ~= 'failed' then
    for k = 1, 3 do redis.call('ZREM', KEYS[k], ARGV[i]) end
  end
end
"""

# KEYS[1]: a sorted set by due time. ARGV: seconds, the prefix of hashes or ''. All times are
# moved back, but for those that were set by a clock on the wall ('due').
SET_BACK = """
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if ARGV[2] == '' or redis.call('HEXISTS', ARGV[2] .. member, 'due') == 0 then
    redis.call('ZINCRBY', KEYS[1], -ARGV[1], member)
  end
end
"""

# KEYS[1]: a lease. ARGV: our token, its length and the longest of all in milliseconds. Takes it
# when it is free, or longer than any lease is given for: then the clock was set back.
ACQUIRE = """
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[3]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

# KEYS[1]: a lease. ARGV: our token, its length in milliseconds. Keeps it if it is still ours:
# who slept past its end must not take it for kept.
KEEP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

# KEYS[1]: a lease. ARGV: our token. Lets go only of what is ours.
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
"""
