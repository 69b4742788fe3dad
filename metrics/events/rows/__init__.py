"""Which rows of a file are events of which part, and what lies within their values?"""
