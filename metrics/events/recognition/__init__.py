"""What is a file, and is that sure enough to store it without asking?"""
