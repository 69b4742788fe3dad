"""The least that a page of Streamlit with a figure is: no page is faster, wherever its numbers are from."""

import plotly.graph_objects as go
import streamlit as st

st.set_page_config(layout="wide")
st.title("One figure")
st.plotly_chart(go.Figure(go.Scatter(x=[1, 2], y=[1, 2])), key="chart-one")
