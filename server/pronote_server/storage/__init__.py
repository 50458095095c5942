"""
What is on disk: the school's records, the bases, and the thread that writes to each of them.

Everything is SQLAlchemy Core, so that the schema can run on PostgreSQL later; what only SQLite
has (pragmas, the file itself) is in `sqlite` and `base_file`.
"""
