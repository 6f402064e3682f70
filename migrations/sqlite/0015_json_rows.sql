-- Nothing: SQLite looks rows handed in as JSON up by their keys as it is.
SELECT 1;
