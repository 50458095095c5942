"""What can be asked of a hosted school, whichever door asks."""
