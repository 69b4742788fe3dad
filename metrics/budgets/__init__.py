"""What may be spent, and will it last? Budgets as they stand in a home, and where each of them stands."""

from metrics.budgets.model import Budget
from metrics.budgets.reading import FILE_NAME, Budgets, budgets_of
from metrics.budgets.standing import Level, Standing, standing_of, standings

__all__ = ["FILE_NAME", "Budget", "Budgets", "Level", "Standing", "budgets_of", "standing_of", "standings"]
