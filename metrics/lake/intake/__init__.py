"""Which files are there to be read, are they whole, and where do they go afterwards?"""
