# Writes the SQL script of sqlite.sh: the same each time, without random(), dates and sizes of the machine.
function value() { seed = seed * 16807 % 2147483647; return int(seed / 256) }
function word(n,   w, i) { w = ""; for (i = 0; i < n; i++) w = w substr("etaoinshrdlucmfwyp", value() % 18 + 1, 1); return w }

BEGIN {
	seed = 42
	print ".headers on\n.mode list\nPRAGMA foreign_keys = on;"
	print "CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INT CHECK (age < 120), city TEXT COLLATE NOCASE);"
	print "CREATE TABLE item(id INTEGER PRIMARY KEY, owner INT REFERENCES person ON DELETE CASCADE, price REAL, note TEXT, data BLOB);"
	print "CREATE TABLE log(n INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT);"
	print "CREATE TABLE pair(a, b, PRIMARY KEY (b, a)) WITHOUT ROWID;"
	print "CREATE INDEX item_price ON item(price DESC, owner); CREATE INDEX item_part ON item(note) WHERE price > 50; CREATE INDEX lower_name ON person(lower(name));"
	print "CREATE TRIGGER gone AFTER DELETE ON item WHEN old.price > 90 BEGIN INSERT INTO log(what) VALUES ('deleted ' || old.id || ' ' || old.note); END;"
	print "CREATE VIEW rich AS SELECT p.id, p.name, sum(i.price) AS total FROM person p JOIN item i ON i.owner = p.id GROUP BY p.id HAVING total > 500;"
	print "BEGIN;"
	for (i = 1; i <= 1500; i++)
		printf "INSERT INTO person VALUES (%d, '%s', %d, '%s');\n", i, word(value() % 9 + 3), value() % 119, word(2)
	for (i = 1; i <= 12000; i++)
		printf "INSERT INTO item VALUES (%d, %d, %d.%02d, '%s', x'%08x%06x');\n", i, value() % 1500 + 1, value() % 100, value() % 100, word(value() % 40), value(), value() % 16777216
	for (i = 1; i <= 2000; i++)
		printf "INSERT OR IGNORE INTO pair VALUES (%d, '%s');\n", value() % 50, word(1)
	print "COMMIT; ANALYZE;"

	for (i = 0; i < 60; i++) {
		low = value() % 90
		printf "SELECT count(*), round(sum(price), 2), min(note), max(length(data)) FROM item WHERE price BETWEEN %d AND %d;\n", low, low + 7
		printf "SELECT p.name, i.id, i.price FROM person p LEFT JOIN item i ON i.owner = p.id AND i.price > 80 WHERE p.age = %d ORDER BY p.name, i.price DESC, i.id LIMIT 30;\n", value() % 119
		printf "SELECT city, count(DISTINCT age), group_concat(id) FROM person WHERE name LIKE '%%%s%%' GROUP BY city ORDER BY 2 DESC, 1 LIMIT 12;\n", word(1)
		printf "SELECT id, price, rank() OVER (PARTITION BY owner ORDER BY price DESC), sum(price) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM item WHERE owner BETWEEN %d AND %d ORDER BY owner, id;\n", i * 20 + 1, i * 20 + 6
		printf "EXPLAIN QUERY PLAN SELECT * FROM item WHERE price > %d AND owner IN (SELECT id FROM person WHERE lower(name) = '%s');\n", low, word(4)
		printf "SAVEPOINT s; DELETE FROM item WHERE id %% 97 = %d; UPDATE person SET age = age + 1 WHERE id %% 31 = %d AND age < 118;\n", i, i % 31
		print (i % 3 == 0 ? "ROLLBACK TO s; RELEASE s;" : "RELEASE s;")
		printf "SELECT json_extract(j, '$.name'), json_array_length(j, '$.list') FROM (SELECT json_object('name', name, 'list', json_array(id, age, city)) AS j FROM person WHERE id %% 211 = %d);\n", i
		printf "SELECT printf('%%05d|%%-8s|%%.3e|%%x', id, substr(note, 2, 5), price * 1e%d, id) FROM item WHERE id %% 997 = %d;\n", i, i
	}
	print "WITH RECURSIVE queens(row, cols) AS (VALUES(0, '') UNION ALL SELECT row + 1, cols || d.value FROM queens, json_each('[1,2,3,4,5,6]') d WHERE row < 6 AND NOT EXISTS (WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c WHERE i < row) SELECT 1 FROM c WHERE i <= row AND (substr(cols, i, 1) = d.value OR abs(substr(cols, i, 1) - d.value) = row + 1 - i))) SELECT cols FROM queens WHERE row = 6 ORDER BY 1;"
	print "WITH RECURSIVE x(a, b, n) AS (VALUES(0, 1, 0) UNION ALL SELECT b, a + b, n + 1 FROM x WHERE n < 80) SELECT n, a FROM x;"
	print "SELECT * FROM rich ORDER BY total DESC, id LIMIT 50; SELECT count(*) FROM rich;"
	print "SELECT a, count(*), group_concat(b, '') FROM (SELECT * FROM pair ORDER BY a, b) GROUP BY a;"
	print "SELECT upper(hex(data)), quote(note), typeof(price) FROM item WHERE id IN (5, 50, 500, 5000) UNION SELECT 'x', 'y', 'z' ORDER BY 1;"
	# What fails, fails alike; the rest of a line is skipped then.
	print "INSERT INTO person VALUES (1, 'twice', 1, 'x');\nINSERT INTO person VALUES (9001, 'old', 130, 'x');"
	print "INSERT INTO item VALUES (99999, 77777, 1, '', NULL);\nSELECT nothing FROM nowhere;\nSELECT abs(-9223372036854775807 - 1);\nSELECT json('{');"
	print "DELETE FROM person WHERE id % 7 = 3; SELECT count(*), max(n), what FROM log; SELECT count(*) FROM item;"
	print "ALTER TABLE person RENAME COLUMN city TO town; ALTER TABLE person ADD COLUMN mail TEXT DEFAULT 'none'; UPDATE person SET mail = name || '@' || town WHERE age > 60;"
	print "INSERT INTO person(id, name, age, town) VALUES (2, 'new', 5, 'here') ON CONFLICT (id) DO UPDATE SET name = excluded.name || ' again' RETURNING id, name, mail;"
	print "REINDEX; VACUUM; PRAGMA integrity_check; PRAGMA foreign_key_check; PRAGMA wal_checkpoint; PRAGMA journal_mode = wal; UPDATE item SET price = price * 2 WHERE id % 5 = 0; PRAGMA integrity_check;"
	print "SELECT id, mail FROM person WHERE id % 13 = 0 ORDER BY mail, id; SELECT round(avg(price), 6), count(*) FROM item; SELECT name, sql FROM sqlite_schema ORDER BY name;"
}
