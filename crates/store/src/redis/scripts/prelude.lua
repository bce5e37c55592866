-- What all scripts share. KEYS[1] names the slot; ARGV[1] is what every key of the workspace begins with. No key of any
-- other slot is touched.
--
-- Numbers that must stay exact (instants, tokens, versions) are strings throughout: Lua's numbers are doubles. Instants are
-- nanoseconds since the epoch in twenty digits, so that their order as text is their order in time.
local base = ARGV[1]
local JOBS, HELD, ABOUT = base .. 'jobs', base .. 'held', base .. 'about'

-- A job's fields, as they lie in its JSON array.
local ID, CHANNEL, INCIDENT, KIND, DUE, URGENCY = 1, 2, 3, 4, 5, 6
local LEASE, FENCE, TRIES, DOUBTFUL, CLAIMED, WANTED = 7, 8, 9, 10, 11, 12

local function count(what, by)
  return string.format('%.0f', redis.call('HINCRBY', base .. 'count', what, by))
end

-- A job that can be read, or nil and what stands in its place.
local function job_of(key)
  local raw = redis.call('HGET', JOBS, key)
  if not raw then return nil, nil end
  local ok, job = pcall(cjson.decode, raw)
  if not ok or type(job) ~= 'table' or #job ~= WANTED then return nil, raw end
  return job, raw
end

-- Where a job waits: the set, and its name there, which sorts by time and then by age.
local function place_of(key, job)
  if job[LEASE] ~= '' then return HELD, job[LEASE] .. ':' .. job[ID] .. ':' .. key end
  return base .. 'free:' .. job[URGENCY], job[DUE] .. ':' .. job[ID] .. ':' .. key
end

local function key_in(member)
  return string.sub(member, 39)
end

local function put_job(key, job)
  redis.call('HSET', JOBS, key, cjson.encode(job))
  local set, member = place_of(key, job)
  redis.call('ZADD', set, 0, member)
end

local function lift_job(key, job)
  local set, member = place_of(key, job)
  redis.call('ZREM', set, member)
end

-- The earliest time at which a job can be claimed, or ''.
local function earliest()
  local first = ''
  for _, set in ipairs({ HELD, base .. 'free:0', base .. 'free:1', base .. 'free:2', base .. 'free:3' }) do
    local found = redis.call('ZRANGE', set, 0, 0)[1]
    if found then
      local at = string.sub(found, 1, 20)
      if first == '' or at < first then first = at end
    end
  end
  return first
end

-- An incident's first element: version, open, order, channel, url, then its messages.
local VERSION, OPEN, ORDER, WHERE, URL, FIRST_MESSAGE = 1, 2, 3, 4, 5, 6

local function meta_of(incident)
  local raw = redis.call('LINDEX', base .. 'i:' .. incident, 0)
  if not raw then return { '0', '0', '', '', '' }, false end
  return cjson.decode(raw), true
end

-- Which incident a message belongs to stands in a hash for each channel and each ten thousand seconds, small enough to be
-- kept tightly packed.
local function bucket_of(channel, ts)
  return base .. 'm:' .. channel .. ':' .. string.sub(string.match(ts, '^%d*'), 1, -5)
end

-- Whether one of an incident's messages, a channel and a ts with a tab between, has not gone to another.
local function is_own(incident, message)
  local tab = string.find(message, '\t', 1, true)
  local ts = string.sub(message, tab + 1)
  return redis.call('HGET', bucket_of(string.sub(message, 1, tab - 1), ts), ts) == incident
end

-- Keeps a row of an incident that is taken out, once: an answer may be lost and the row come again.
local function keep_past(incident, row)
  if redis.call('SADD', base .. 'past-ids', incident) == 1 then
    redis.call('RPUSH', base .. 'past', incident .. '\t' .. row)
  end
end

-- An address as a field: eighty bits of it.
local function hash_of(url)
  return string.sub(redis.sha1hex(url), 1, 20)
end
