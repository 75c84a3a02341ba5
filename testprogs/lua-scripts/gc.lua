-- The collector: incremental and generational, weak tables, finalisers, resurrection, churn.
local finalised = 0
local function garbage(n)
  for i = 1, n do
    local t = setmetatable({ i, tostring(i) }, { __gc = function() finalised = finalised + 1 end })
    t.self = t
  end
end
garbage(500)
collectgarbage()
print("finalised", finalised)

local weak_keys, weak_values = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "v" })
local kept = {}
for i = 1, 100 do
  local k = {}
  weak_keys[k] = i
  weak_values[i] = k
  if i % 10 == 0 then kept[#kept + 1] = k end
end
collectgarbage()
local a, b = 0, 0
for _ in pairs(weak_keys) do a = a + 1 end
for _ in pairs(weak_values) do b = b + 1 end
print("weak", a, b, #kept)

collectgarbage("generational")
local tree
local function build(d) if d == 0 then return {} end return { build(d - 1), build(d - 1) } end
local function check(t) return t[1] and 1 + check(t[1]) + check(t[2]) or 1 end
local total = 0
for i = 1, 12 do tree = build(9); total = total + check(tree) end
print("trees", total)
collectgarbage("incremental")
collectgarbage("stop")
for i = 1, 12 do tree = build(8); total = total + check(tree); collectgarbage("step", 10) end
collectgarbage("restart")
print("trees", total, collectgarbage("isrunning"))

local resurrected
do
  local x = setmetatable({ name = "phoenix" }, { __gc = function(o) resurrected = o end })
  x = nil
end
collectgarbage(); collectgarbage()
print(resurrected and resurrected.name)
local s = ""
for i = 1, 300 do s = s .. i; if #s > 200 then s = s:sub(100) end end
print(#s, collectgarbage("count") < 8000)
