"""Door 1: the native protocol on TCP 49300."""
