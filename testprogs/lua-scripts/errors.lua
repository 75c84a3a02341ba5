-- pcall, error, xpcall: long jumps over C frames, error values, tracebacks, errors in handlers and in deep recursion.
local function deep(n) if n == 0 then error("bottom") end return 1 + deep(n - 1) end
local caught = 0
for i = 1, 300 do
  local ok, e = pcall(deep, i % 40)
  if not ok and e:find("bottom") then caught = caught + 1 end
end
print("caught", caught)
print(pcall(error))
print(pcall(error, nil))
print(pcall(error, { 1 } and "text", 0))
print(select(2, pcall(error, setmetatable({}, { __tostring = function() return "object" end }))))
print(xpcall(function() local x = 1 + {} end, function(m) return "handled: " .. m:gsub("^.-:%d+: ", "") end))
print(pcall(string.rep))
print(pcall(string.rep, "x", -1))
print((select(2, pcall(function() return #5 end)):gsub("^.-:%d+: ", "")))
local function overflow() return overflow() + 1 end
local ok, e = pcall(overflow)
print(ok, (e:match("stack overflow")))
local nested = 0
local function nest(n)
  if n == 0 then error("x", 0) end
  local ok, e = pcall(nest, n - 1)
  nested = nested + 1
  error(e .. n, 0)
end
print(pcall(nest, 12))
print("nested", nested)
print(pcall(table.sort, { 3, 1, 2, 5, 4 }, function() error("in comparator", 0) end))
print(pcall(string.gsub, "abc", "%w", function(c) if c == "b" then error("in gsub", 0) end end))
print(load("x ="))
print(pcall(load, function() error("in reader", 0) end))
print(assert(pcall(assert, true)), pcall(assert, false, "asserted"))
local t = setmetatable({}, { __index = function(_, k) error("no field " .. k, 0) end })
print(pcall(function() return t.foo end))
