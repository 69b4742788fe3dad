"""What is on a board? Boards as they stand in a home: their figures, what is wrong with any, how they are changed."""

from app.boards.model import Board, Figure, Item
from app.boards.reading import Boards, BoardSet, Kept

__all__ = ["Board", "BoardSet", "Boards", "Figure", "Item", "Kept"]
