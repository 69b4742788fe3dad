"""Data: what came in, what became of it, and what is missing?"""

import streamlit as st

from app.components import address, ingested, mapping, rejected, upload, volume, waiting

view = address.view()

ingested.tiles()

upload.panel()
waiting.panel()
mapping.panel()

left, right = st.columns([3, 2])
with left:
    volume.panel()
with right:
    volume.freshness(view)

ingested.files(view)
rejected.panel(view)
