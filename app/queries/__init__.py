"""The questions the pages ask, one function each: a view in, what a figure is drawn from out. One module a subject."""
