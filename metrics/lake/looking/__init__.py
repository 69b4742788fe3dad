"""What would come of a file? Nothing is stored."""
