-- Leases due jobs of one workspace: the most urgent first, within a class the longest due, of those due together the first
-- added. A job whose lease has ended without a word is as good as free, and doubtful.
local now, lease_until, limit = ARGV[2], ARGV[3], tonumber(ARGV[4])
local marker = base .. 'c:' .. ARGV[5]

-- The same claim once more, since its answer was lost on the way: what it gave is given again, as far as it is still held
-- under the token of then. Writing the marker's end anew is a change like any other, as in a commit.
local given = redis.call('GET', marker)
if given then
  redis.call('EXPIRE', marker, 30)
  local again = {}
  for _, each in ipairs(cjson.decode(given)) do
    local key, fence, claimed_before = each[1], each[2], each[3]
    local job, raw = job_of(key)
    if job and job[LEASE] ~= '' and job[FENCE] == fence then
      again[#again + 1] = { key, raw, claimed_before }
    elseif not job and fence == '' then
      again[#again + 1] = { key, raw or '', '' }
    end
  end
  return { earliest(), again }
end

local found = {}

local function look(set)
  for _, member in ipairs(redis.call('ZRANGEBYLEX', set, '-', '(' .. now .. ';', 'LIMIT', 0, limit)) do
    local key = key_in(member)
    local job, raw = job_of(key)
    if job and select(2, place_of(key, job)) == member then
      found[#found + 1] = { key, job }
    elseif raw and not job then
      -- It cannot be read, and must not be read again at once.
      redis.call('ZREM', set, member)
      redis.call('ZADD', HELD, 0, lease_until .. string.sub(member, 21))
      found[#found + 1] = { key }
    else
      redis.call('ZREM', set, member)
    end
  end
end
for urgency = 0, 3 do look(base .. 'free:' .. urgency) end
look(HELD)

table.sort(found, function(a, b)
  local one, other = a[2], b[2]
  if not one or not other then return one ~= nil and other == nil or (not one and not other and a[1] < b[1]) end
  if one[URGENCY] ~= other[URGENCY] then return one[URGENCY] < other[URGENCY] end
  if one[DUE] ~= other[DUE] then return one[DUE] < other[DUE] end
  return one[ID] < other[ID]
end)

local claimed, gives = {}, {}
for i = 1, math.min(limit, #found) do
  local key, job = found[i][1], found[i][2]
  if job then
    local claimed_before = job[CLAIMED]
    lift_job(key, job)
    if job[LEASE] ~= '' then job[DOUBTFUL] = '1' end
    job[LEASE], job[FENCE], job[CLAIMED], job[WANTED] = lease_until, count('fence', 1), now, '0'
    job[TRIES] = string.format('%.0f', math.min(tonumber(job[TRIES]) + 1, 4294967295))
    put_job(key, job)
    claimed[#claimed + 1] = { key, cjson.encode(job), claimed_before }
    gives[#gives + 1] = { key, job[FENCE], claimed_before }
  else
    claimed[#claimed + 1] = { key, redis.call('HGET', JOBS, key) or '', '' }
    gives[#gives + 1] = { key, '', '' }
  end
end
redis.call('SET', marker, cjson.encode(gives), 'EX', 30)
return { earliest(), claimed }
