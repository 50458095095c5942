"""Parts of `power_loss`: the file system that forgets, and who works on it."""
