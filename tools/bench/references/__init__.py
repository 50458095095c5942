"""What the server is compared with: one small program each."""
