-- The open incidents of one rotation, the longest open first. One without a log has not happened yet.
local found = {}
for _, incident in ipairs(redis.call('HVALS', base .. 'o:' .. ARGV[2])) do
  local order = meta_of(incident)[ORDER]
  if order ~= '' then found[#found + 1] = { tonumber(order), incident } end
end
table.sort(found, function(a, b) return a[1] < b[1] end)
local incidents = {}
for i, each in ipairs(found) do incidents[i] = each[2] end
return incidents
