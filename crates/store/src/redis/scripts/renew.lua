-- Holds jobs of one workspace for longer, each that is still held under its token. The arguments: until when, then a name and
-- a token for each. When something may be due in the workspace is said too early from now on, which costs a look.
local renewed = {}
for i = 3, #ARGV, 2 do
  local key, fence = ARGV[i], ARGV[i + 1]
  local job = job_of(key)
  if job and job[LEASE] ~= '' and job[FENCE] == fence then
    lift_job(key, job)
    job[LEASE] = ARGV[2]
    put_job(key, job)
    renewed[#renewed + 1] = 1
  else
    renewed[#renewed + 1] = 0
  end
end
return renewed
