"""Live: what happens just now, and is it well?"""

from app.components import address, live

live.panel(address.view())
