-- Coroutines: generators, errors inside, wrap, yield across pcall and metamethods, many alive at a time.
local function permutations(a, n)
  n = n or #a
  if n <= 1 then coroutine.yield(a) else
    for i = 1, n do
      a[n], a[i] = a[i], a[n]
      permutations(a, n - 1)
      a[n], a[i] = a[i], a[n]
    end
  end
end
local count, hash = 0, 0
for p in coroutine.wrap(function() permutations({ 1, 2, 3, 4, 5, 6 }) end) do
  count = count + 1
  for i = 1, #p do hash = (hash * 31 + p[i]) % 1000000007 end
end
print("permutations", count, hash)

local co = coroutine.create(function(a)
  local b = coroutine.yield(a + 1)
  local ok, err = pcall(function() local c = coroutine.yield(b * 2); error("inside " .. c, 0) end)
  coroutine.yield(tostring(ok) .. " " .. err)
  error({ code = 7 })
end)
print(coroutine.resume(co, 1))
print(coroutine.resume(co, 10))
print(coroutine.resume(co, "c"))
local ok, e = coroutine.resume(co)
print(ok, e.code, coroutine.status(co))

local many = {}
for i = 1, 200 do
  many[i] = coroutine.wrap(function() local n = i; while true do n = n + coroutine.yield(n) end end)
  many[i]()
end
local s = 0
for k = 1, 20 do for i = 1, 200 do s = s + many[i](k) end end
print("many", s)

local mt = { __add = function(a, b) return coroutine.yield(a.v + b) end }
local c2 = coroutine.wrap(function() local r = setmetatable({ v = 5 }, mt) + 6; coroutine.yield("back " .. r) end)
print(c2(), c2("x"))
print(select(2, coroutine.resume(coroutine.create(function() local t = nil; return t.x end))))
local closing = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() print("closed") end }); coroutine.yield(1) end)
coroutine.resume(closing)
print(coroutine.close(closing), coroutine.status(closing))
