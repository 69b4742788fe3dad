"""What of a lake is damaged or lost, and how is it mended?"""
