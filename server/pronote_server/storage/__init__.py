"""
What is on disk: the school's records, the bases, and the thread that writes to each of them.

Everything is SQLAlchemy Core and runs on PostgreSQL too; what only one of them has is in
`sqlite` (pragmas), `base_header` (the file itself), `postgresql` and `trigger_text`.
"""
