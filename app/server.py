"""The web process: Streamlit's pages and our own routes, on one port.

Started by `streamlit run app/server.py`.
"""

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

HEALTH_PATH = "/healthz"


async def health(_request: Request) -> JSONResponse:
    """200 as soon as pages can be served."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


app = st.App("main.py", routes=[Route(HEALTH_PATH, health, methods=["GET"])])
