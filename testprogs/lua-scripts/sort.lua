-- Sorting with callbacks: a C function that calls back into the interpreter, which may call it again.
local x = 42
local function random(n) x = (x * 1103515245 + 12345) % 2147483648; return x // 65536 % n end
local a = {}
for i = 1, 800 do a[i] = random(10000) end
local calls = 0
table.sort(a, function(p, q) calls = calls + 1; return p > q end)
local ok = true
for i = 2, #a do ok = ok and a[i - 1] >= a[i] end
print("down", ok, calls > 800)
table.sort(a)
ok = true
for i = 2, #a do ok = ok and a[i - 1] <= a[i] end
print("up", ok)
local outer = {}
for i = 1, 30 do outer[i] = { random(100), random(100), random(100), random(100) } end
table.sort(outer, function(p, q)
  table.sort(p); table.sort(q, function(m, n) return m < n end)
  for i = 1, 4 do if p[i] ~= q[i] then return p[i] < q[i] end end
  return false
end)
local h = 0
for i = 1, #outer do for j = 1, 4 do h = (h * 37 + outer[i][j]) % 1000000007 end end
print("nested", h)
local names = {}
for w in ("pear Apple fig banana Cherry apple Fig"):gmatch("%a+") do names[#names + 1] = w end
table.sort(names, function(p, q) local l, m = p:lower(), q:lower(); if l == m then return p < q end return l < m end)
print(table.concat(names, " "))
local counts = {}
local _ = ("the cat and the dog and the bird"):gsub("%a+", function(w) counts[w] = (counts[w] or 0) + 1 end)
local keys = {}
for k in pairs(counts) do keys[#keys + 1] = k end
table.sort(keys, function(p, q) if counts[p] == counts[q] then return p < q end return counts[p] > counts[q] end)
for _, k in ipairs(keys) do io.write(k, "=", counts[k], " ") end print()
print(table.unpack(table.move({ 1, 2, 3 }, 1, 3, 2)))
print(table.concat({ 1, 2, 3 }, "-", 2, 3), #table.pack(), table.remove({ 5, 6, 7 }, 1))
