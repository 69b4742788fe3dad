"""A page as a file: run it without a browser, read off what it shows, write that as one HTML document."""
