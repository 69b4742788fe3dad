"""A lake whose tables lie in object storage: the home has a copy of their logs, and of what files were asked for."""
