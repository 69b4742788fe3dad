"""What the Alerts page is made of: one module a part of it."""
