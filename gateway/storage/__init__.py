"""What is remembered: the database and the documents. The only room with SQL and paths."""
