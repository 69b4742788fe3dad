"""The pages in a real browser, on real events."""
