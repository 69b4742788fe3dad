"""What every page shares: brand, menu, banner, filter bar. Streamlit runs it on every visit and interaction."""

import streamlit as st

from app.components import account, address, banner, filter_bar, freshness, light, report
from app.navigation import ABOUT, BRAND, ENTRIES, ICON, UNFILTERED

st.set_page_config(page_title="PromptPilot", page_icon=ICON, layout="wide")
st.logo(BRAND, size="medium")

account.let_in()
page = st.navigation(
    [st.Page(entry.path, title=entry.title, icon=entry.icon, default=entry.default) for entry in ENTRIES],
    position="top",
)
asked = address.current(page.url_path)

with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", gap="small"):
    st.title(page.title, anchor=False, width="content", help=ABOUT[page.title])
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
        freshness.line(asked.view)
        report.control(page.url_path)
        account.menu()
light.followed()
banner.banner()
if page.url_path not in UNFILTERED:
    filter_bar.bar(asked.view, asked.notes)
    freshness.window(asked.view)
page.run()
