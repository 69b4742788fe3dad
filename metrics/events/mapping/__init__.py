"""How is it said, as data, what the columns of a foreign file mean?"""
