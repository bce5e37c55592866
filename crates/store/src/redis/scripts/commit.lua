-- One commit, or one refusal. First everything is checked, then everything is written.
local at = 1
local function take()
  at = at + 1
  return ARGV[at]
end

local marker, incident = take(), take()
local checks_version, expected, version = take(), take(), take()
local has_job, job_key, fence, disposal, again_at, doubtful = take(), take(), take(), take(), take(), take()
local has_index, open, channel, url = take(), take(), take(), take()
local has_queue, queue, queue_expected = take(), take(), take()

-- The same commit once more, since its answer was lost on the way. Writing the marker's end anew is a change like any
-- other: whoever waits now until the replicas have all that this connection has changed waits for the commit, too.
if redis.call('EXPIRE', base .. 'c:' .. marker, 30) == 1 then
  return { 'ok', earliest(), '0' }
end

-- Checks, in the order of the refusals.
if has_job == '1' then
  local job = job_of(job_key)
  if not job or job[LEASE] == '' or job[FENCE] ~= fence then return { 'lease' } end
end
local meta, is_known = meta_of(incident)
if checks_version == '1' and meta[VERSION] ~= expected then return { 'conflict' } end
local queue_key = base .. 'q:' .. queue
if has_queue == '1' and queue_expected ~= '' then
  if (redis.call('HGET', queue_key, 'version') or '0') ~= queue_expected then return { 'queue' } end
end
if has_index == '1' and open == '1' then
  local other = redis.call('HGET', base .. 'o:' .. channel, url)
  if other and other ~= incident then return { 'open', other } end
end

redis.call('SET', base .. 'c:' .. marker, '', 'EX', 30)

-- Jobs: the disposal, then removals.
local function drop_job(key, job)
  lift_job(key, job)
  redis.call('HDEL', JOBS, key)
  redis.call('ZREM', ABOUT, job[INCIDENT] .. '\0' .. key)
end

-- What cannot be read has no place that could be told from it: wherever it waits, it is found to be gone.
local function remove(key)
  local job, raw = job_of(key)
  if job then drop_job(key, job) elseif raw then redis.call('HDEL', JOBS, key) end
end

if has_job == '1' then
  local job = job_of(job_key)
  if disposal == 'done' and job[WANTED] == '0' then
    drop_job(job_key, job)
  else
    lift_job(job_key, job)
    if disposal == 'done' then
      job[DOUBTFUL] = '0'
    else
      if job[WANTED] == '0' or again_at < job[DUE] then job[DUE] = again_at end
      job[DOUBTFUL] = doubtful
    end
    job[LEASE], job[WANTED] = '', '0'
    put_job(job_key, job)
  end
end
for _ = 1, tonumber(take()) do remove(take()) end

-- The log.
local log = base .. 'i:' .. incident
local function save_meta()
  if is_known then
    redis.call('LSET', log, 0, cjson.encode(meta))
  else
    redis.call('RPUSH', log, cjson.encode(meta))
    is_known = true
  end
end

local touched, files = false, false
local was_filed = meta[ORDER] ~= ''
local old_channel = meta[WHERE]
if checks_version == '1' then
  meta[VERSION], touched = version, true
  if not was_filed then meta[ORDER], files = count('order', 1), true end
end
local entries = tonumber(take())
local first_entry = at + 1
at = at + entries

-- How it is found.
local turned = false
if has_index == '1' then
  if meta[OPEN] == '1' then redis.call('HDEL', base .. 'o:' .. meta[WHERE], meta[URL]) end
  turned = meta[OPEN] ~= open
  meta[OPEN], meta[WHERE], meta[URL], touched = open, channel, url, true
  files = meta[ORDER] ~= ''
  if open == '1' then
    redis.call('HSET', base .. 'o:' .. channel, url, incident)
    redis.call('ZADD', base .. 'open', 0, incident)
  else
    redis.call('ZREM', base .. 'open', incident)
  end
  redis.call('SADD', base .. 'channels', channel)
end

-- Its messages, each once, and only as long as they are its own.
local function set_live(message)
  if meta[OPEN] == '1' then
    redis.call('ZADD', base .. 'live', count('live', 1), message)
  else
    redis.call('ZREM', base .. 'live', message)
  end
end

local known = {}
for i = FIRST_MESSAGE, #meta do known[meta[i]] = true end
if turned then
  for i = FIRST_MESSAGE, #meta do
    if is_own(incident, meta[i]) then set_live(meta[i]) end
  end
end

-- Jobs: additions, then what is to be restored.
local jobs_changed = has_job == '1'
local function add(key, of, about, kind, due, urgency)
  local job = job_of(key)
  if job then
    lift_job(key, job)
    job[DUE], job[URGENCY] = due, urgency
    job[WANTED] = job[LEASE] ~= '' and '1' or '0'
  else
    local id = string.format('%016.0f', tonumber(count('job', 1)))
    job = { id, of, about, kind, due, urgency, '', '0', '0', '0', '', '0' }
    redis.call('ZADD', ABOUT, 0, about .. '\0' .. key)
  end
  put_job(key, job)
  jobs_changed = true
  return job
end
for _ = 1, tonumber(take()) do
  add(take(), take(), take(), take(), take(), take())
end
for _ = 1, tonumber(take()) do
  local key, of, about, kind, due, urgency, unreadable = take(), take(), take(), take(), take(), take(), take()
  local job, raw = job_of(key)
  if raw and (not job or raw == unreadable) then
    remove(key)
    job, raw = nil, nil
  end
  if not raw then
    local restored = add(key, of, about, kind, due, urgency)
    restored[DOUBTFUL] = '1'
    put_job(key, restored)
  end
end

-- The queue: the same fold as in the rules; every change takes a number, even one that is ignored.
if has_queue == '1' then
  local changes = tonumber(take())
  for _ = 1, changes do
    local kind, user, at = take(), take(), take()
    local turn = string.format('%.0f', redis.call('HINCRBY', queue_key, 'version', 1))
    local field = 'u' .. user
    if kind == 'left' then
      redis.call('HDEL', queue_key, field)
    elseif kind == 'joined' then
      redis.call('HSETNX', queue_key, field, turn .. ':')
    else
      local place = redis.call('HGET', queue_key, field)
      if place then
        local last, turned_at, volunteered_at, away = string.match(place .. '::', '^([^:]*):([^:]*):([^:]*):([^:]*)')
        if kind == 'turn' then
          last, turned_at, volunteered_at = turn, at, ''
        elseif kind == 'volunteered' then
          if volunteered_at == '' then volunteered_at = at end
          away = ''
        elseif kind == 'away' then
          away = at
          if away ~= '' then volunteered_at = '' end
        end
        local said = (volunteered_at ~= '' or away ~= '') and ':' .. volunteered_at .. ':' .. away or ''
        redis.call('HSET', queue_key, field, last .. ':' .. turned_at .. said)
      end
    end
  end
  if changes > 0 then redis.call('SADD', base .. 'channels', queue) end
end

-- New messages, and what people were told.
for _ = 1, tonumber(take()) do
  local of, ts = take(), take()
  local message = of .. '\t' .. ts
  redis.call('HSET', bucket_of(of, ts), ts, incident)
  set_live(message)
  if not known[message] then
    known[message], touched = true, true
    meta[#meta + 1] = message
  end
end
for _ = 1, tonumber(take()) do
  local who = take()
  redis.call('HSET', base .. 'told', who, take())
end

if touched then save_meta() end
for i = first_entry, first_entry + entries - 1 do redis.call('RPUSH', log, ARGV[i]) end

-- Its place in the history, and under its address: the latest about it stands there.
if files then
  if was_filed and old_channel ~= meta[WHERE] then redis.call('ZREM', base .. 'r:' .. old_channel, incident) end
  redis.call('ZADD', base .. 'r:' .. meta[WHERE], meta[ORDER], incident)
  if meta[URL] ~= '' then
    local by_url, hash = base .. 'u:' .. meta[WHERE], hash_of(meta[URL])
    local last = redis.call('HGET', by_url, hash)
    local is_readable, other = pcall(meta_of, last or incident)
    if not is_readable or not last or (tonumber(other[ORDER]) or 0) <= tonumber(meta[ORDER]) then
      redis.call('HSET', by_url, hash, incident)
    end
  end
end

local is_over = meta[WHERE] ~= '' and meta[OPEN] == '0'
return { 'ok', jobs_changed and earliest() or '', is_over and '1' or '0' }
