"""Explore: what does any metric say, by anything, and which events are behind it?"""

from app.components import address, events, question, saved_views

view = address.view()

saved_views.menu("explore")
question.answer(question.ask(view), view)
events.browser(view)
