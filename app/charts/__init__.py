"""Pure functions: a frame in, a Plotly figure and its text alternative out. One module a chart family."""
