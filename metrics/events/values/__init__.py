"""How is a foreign value read: a time, a number, a duration, an id, a word for nothing, an outcome?"""
