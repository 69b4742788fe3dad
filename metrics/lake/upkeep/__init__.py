"""What is done to a lake between ingests: merged, completed, dropped?"""
