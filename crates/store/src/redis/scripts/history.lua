-- Incidents of one workspace after a place in the order of the reports, each with its whole list.
local after, limit = ARGV[2], tonumber(ARGV[3])
local found = {}
local channels = redis.call('SMEMBERS', base .. 'channels')
channels[#channels + 1] = ''
for _, channel in ipairs(channels) do
  local rows = redis.call('ZRANGEBYSCORE', base .. 'r:' .. channel, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, limit)
  for i = 1, #rows, 2 do found[#found + 1] = { tonumber(rows[i + 1]), rows[i] } end
end
table.sort(found, function(a, b) return a[1] < b[1] end)
local page = {}
for i = 1, math.min(limit, #found) do
  local incident = found[i][2]
  local list, own = {}, {}
  -- What cannot be read is for the caller to find out, and must not hide the others.
  pcall(function()
    list = redis.call('LRANGE', base .. 'i:' .. incident, 0, -1)
    local meta = meta_of(incident)
    for m = FIRST_MESSAGE, #meta do
      if is_own(incident, meta[m]) then own[#own + 1] = meta[m] end
    end
  end)
  page[i] = { string.format('%.0f', found[i][1]), incident, list, own }
end
return page
