-- When the next job of one workspace can be claimed, or ''.
return earliest()
