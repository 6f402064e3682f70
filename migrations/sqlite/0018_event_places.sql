-- Nothing: SQLite gives each event its place as it is written.
SELECT 1;
