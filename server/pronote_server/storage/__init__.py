"""Files and databases: bases, the school's own records, and the threads that touch them."""
