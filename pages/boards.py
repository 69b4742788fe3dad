"""Boards: what do the figures that somebody chose say, side by side?"""

from app.components import address
from app.components.boards import adding, choosing, editor, grid

view = address.view()

board = choosing.bar()
adding.box(view)
grid.shown(editor.panel(board), view)
