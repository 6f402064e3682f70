-- Nothing: SQLite compares ids by their bytes as it is.
SELECT 1;
