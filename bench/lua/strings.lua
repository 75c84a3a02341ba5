local scale = tonumber(arg[1]) or 1
local n = 0
for i = 1, 180000 * scale do
  local s = string.format("%d:%s:%5.2f", i, ("ab"):rep(i % 9), i / 3)
  for w in s:gmatch("%w+") do n = n + #w end
  n = n + #s:gsub("%d", "x"):upper()
end
local parts = {}
for i = 1, 200000 * scale do parts[#parts + 1] = tostring(i) end
print(n, #table.concat(parts, ","))
