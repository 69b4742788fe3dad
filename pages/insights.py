"""Insights: what is unusual, what will happen, what could be saved, and how true are such words here?"""

from app.components import address, insights

view = address.view()

insights.unusual(view)
insights.ahead(view)
insights.saving(view)
insights.trust(view)
