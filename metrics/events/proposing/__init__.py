"""What do the columns of an unknown file probably mean?"""
