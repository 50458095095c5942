"""Parts of `mutate_backups`: what is damaged, and how."""
