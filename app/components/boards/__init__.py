"""What is the page of boards made of?"""
