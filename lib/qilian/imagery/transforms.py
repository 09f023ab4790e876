"""Transforms from the columns and rows of a picture to positions on the ground."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Powers of column and row in x, and again in y.
_TERMS = {
    "affine": ((0, 0), (1, 0), (0, 1)),
    "quadratic": ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)),
}
TRANSFORMS = ("similarity", *_TERMS)
_STEPS, _CLOSE = 50, 1e-6  # of the inverse; pixels
_NO_SHIFT = np.zeros(2), 1.0, np.zeros(2)  # centre, size, origin


@dataclass(frozen=True)
class Transform:
    """From column and row of a picture to x and y on the ground.

    Attributes
    ----------
    model : str
        One of `TRANSFORMS`.
    parameters : numpy.ndarray
        (parameter,), of columns and rows from `centre` in units of `size`.
    cofactor : numpy.ndarray
        (parameter, parameter), covariance of the parameters for points of unit variance [1].
    centre, size : numpy.ndarray, float
        Where columns and rows count from, and their unit [pixel].
    origin : numpy.ndarray
        Where x and y count from, so that numbers stay small [m].
    """

    model: str
    parameters: np.ndarray
    cofactor: np.ndarray
    centre: np.ndarray
    size: float
    origin: np.ndarray

    def __call__(self, column: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute x and y of places in the picture [m]."""
        rows = self.equations(column, row)
        x, y = np.moveaxis(rows @ self.parameters, -1, 0)
        return x + self.origin[0], y + self.origin[1]

    def standard_error(self, column: np.ndarray, row: np.ndarray) -> np.ndarray:
        """Compute the error of a position, root of both axes' variance, for points of 1 m [1]."""
        rows = self.equations(column, row)
        return np.sqrt(np.einsum("...ij,jk,...ik->...", rows, self.cofactor, rows))

    def inverse(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find column and row of places on the ground, step by step; NaN where there are none."""
        goal = np.stack(np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float)))
        here = np.array(self(*self.centre))
        ahead = [np.array(self(*(self.centre + step))) for step in np.eye(2)]
        back = np.linalg.inv(np.transpose(ahead) - here[:, np.newaxis])
        place = np.broadcast_to(self.centre.reshape(2, *[1] * (goal.ndim - 1)), goal.shape)
        for _ in range(_STEPS):
            move = np.einsum("ij,j...->i...", back, goal - np.array(self(*place)))
            place = place + move
            if np.abs(move).max(initial=0) < _CLOSE:
                break
        found = np.abs(move).max(axis=0) < _CLOSE
        return np.where(found, place[0], np.nan), np.where(found, place[1], np.nan)

    def equations(self, column: np.ndarray, row: np.ndarray) -> np.ndarray:
        """Return what the parameters are multiplied by for x and y, (…, axis, parameter)."""
        place = np.stack(np.broadcast_arrays(column, row), -1)
        return _design(self.model, (place - self.centre) / self.size)


def affine_transform(coefficients: Sequence[float]) -> Transform:
    """Return the transform of coefficients: x = a column + b row + c, y = d column + e row + f."""
    a, b, c, d, e, f = coefficients
    return Transform("affine", np.array([c, a, b, f, d, e]), np.zeros((6, 6)), *_NO_SHIFT)


def _design(model: str, place: np.ndarray) -> np.ndarray:
    """Return the equations (…, axis, parameter) of x and y at places (…, 2)."""
    column, row = place[..., 0], place[..., 1]
    if model == "similarity":
        one, none = np.ones_like(column), np.zeros_like(column)
        # Rows run down and y runs up, hence the mirror.
        of_x = np.stack([column, row, one, none], -1)
        of_y = np.stack([-row, column, none, one], -1)
        return np.stack([of_x, of_y], -2)
    terms = np.stack([column**i * row**j for i, j in _TERMS[model]], -1)
    rest = np.zeros_like(terms)
    of_x, of_y = np.concatenate([terms, rest], -1), np.concatenate([rest, terms], -1)
    return np.stack([of_x, of_y], -2)
