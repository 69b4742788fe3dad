"""Explore: what does any metric say, by anything, which events are behind it, and what happened in one trace?"""

import streamlit as st

from app.components import address, events, question, saved_views, trace

view = address.view()

with st.container(horizontal=True, gap="small"):
    saved_views.menu("explore")
    typed = trace.field()
trace.asked(typed, view)
question.answer(question.ask(view), view)
events.browser(view)
