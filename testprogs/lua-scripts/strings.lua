-- Formatting (variadic C), patterns with backtracking, buffers that grow, packing.
print(string.format("%5d|%-5d|%05d|%+d|%x|%X|%o|%c", 42, 42, 42, 42, 255, 255, 8, 65))
print(string.format("%.3f|%10.2f|%-10.1e|%g|%g|%a", math.pi, math.pi, 12345.678, 1e20, 0.1, 1.0))
print(string.format("%q", 'a "quoted"\n\0line\\'), string.format("%s %10s %-10s|%.2s", "a", "b", "c", "long"))
print(string.format("%i %s %s %s", 3, nil, true, 1.5))
local words = {}
for w in ("the quick brown fox jumps over the lazy dog"):gmatch("%a+") do words[#words + 1] = w:upper():reverse() end
print(table.concat(words, ","))
print(("hello world"):gsub("o", { o = "0" }), ("abc"):gsub("%w", "%0%0"), ("x = 1"):match("^(%w+)%s*=%s*(%d+)$"))
print(("aaaaaaaaaaaaaaaaaaaaab"):find("a-b"), ("[[nested [deep] ]]"):match("%b[]"), ("THE (quick) fox"):find("%((%a+)%)"))
local s = {}
for i = 1, 2000 do s[#s + 1] = string.format("%d:%s", i, ("x"):rep(i % 7)) end
local joined = table.concat(s, ";")
local h = 0
for i = 1, #joined do h = (h * 131 + joined:byte(i)) % 4294967291 end
print(#joined, h)
print(string.pack("<i4", 100):byte(1, -1), string.unpack("<d", string.pack("<d", 1.25)))
print(("%d"):rep(3, "-"), ("abc"):sub(-2), ("abc"):byte(-1), #("\u{10FFFF}"), utf8.len("äöü"))
for p, c in utf8.codes("aé€") do io.write(p, ":", c, " ") end print()
print(tostring(1e15), tostring(2^53), tostring(-0.0), 10 // 3, 10.0 // 3, -7 % 3, 7 // 0.0, 1e308 * 10)
print(tonumber("0x1p4"), tonumber("  12  "), tonumber("z", 36), tonumber("1e"), math.tointeger(3.0))
print(("a,b,,c"):gsub(",", ";", 2), ("test123"):match("%a+(%d+)"), ("  trim  "):match("^%s*(.-)%s*$") .. "|")
