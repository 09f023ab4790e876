"""The program of a network: from interferograms to displacement, for one block of pixels."""

import pickle
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from qilian.insar.sbas import elimination, machine, model
from qilian.insar.sbas.elimination import Elimination
from qilian.insar.sbas.machine import Op
from qilian.insar.sbas.program import Given, Program, Row, Term, known, positive, reciprocal, root


class Task(NamedTuple):
    """What is the same for all pixels of a stack.

    Attributes
    ----------
    plan : Elimination
        Of the network.
    model : numpy.ndarray
        Temporal model at each date, (date, parameter); no column for none. The first parameter is
        an offset, the second the rate that a prior speaks of.
    constraint : float
        Weight of a row of the model, squared, relative to a pixel's mean pair.
    uncertainty, prior, memory : bool
        Whether to compute standard errors, whether a rate is known beforehand, and whether the
        noise of dates has a memory that is.
    millimetres : float
        Displacement of one radian.
    """

    plan: Elimination
    model: np.ndarray
    constraint: float
    uncertainty: bool
    prior: bool
    memory: bool
    millimetres: float


class Recorded(NamedTuple):
    """A program for the blocks of a stack.

    Attributes
    ----------
    parts : list of numpy.ndarray
        What depends on the weights alone; how much of each date hangs on the held one; the rest;
        what is unknown where the network is torn; what is kept. The second and the fourth are
        needed only in blocks with a torn network.
    constants : numpy.ndarray
        What it multiplies by. With a memory its own come before them: the variance of each
        parameter, relative to that by noise of independent dates; that of the displacement at each
        date, relative to the mean square of the residuals; and minus its degrees of freedom,
        relative to those of independent dates.
    rows, short_rows : int
        Size of the workspace in float64 and float32.
    output : dict of str to slice
        Rows of the output by the names of `invert`'s results.
    """

    parts: list[np.ndarray]
    constants: np.ndarray
    rows: int
    short_rows: int
    output: Mapping[str, slice]


class _Rows:
    """Rows that parts of the program share."""

    def __init__(self, program: Program, task: Task) -> None:
        n, size, links = task.plan.date.size, task.model.shape[1], task.plan.row.size
        self.pairs, self.pieces = program.row(machine.PAIRS), program.row(machine.PIECES)
        self.coupling = program.rows(links)
        self.ground, self.pivot, self.x, self.tie = (program.rows(n) for _ in range(4))
        self.pair_dof, self.pair_noise = program.row(), program.row()
        self.coherence, self.residual = program.row(), program.row()
        self.held, self.bridged = program.row(), program.rows(n if size else 0)
        self.g = program.row()
        self.columns, self.parameters = program.rows(size, n), program.rows(size)
        self.inverse, self.mv = program.rows(size, size), program.rows(size, size)
        self.covariance = program.rows(size, size)
        self.of_pairs, self.of_dates = program.rows(size, size), program.rows(size, size)
        self.noise, self.scatter, self.dof = (program.row() for _ in range(3))
        self.variance, self.error = program.rows(n), program.rows(n)
        self.sure = program.row()


def record(task: Task) -> Recorded:
    """Record the program of a task, or recall it: a network is often inverted more than once."""
    return _recorded(pickle.dumps(task))


@lru_cache(maxsize=8)
def _recorded(pickled: bytes) -> Recorded:
    task: Task = pickle.loads(pickled)
    program = Program(sum(task.model.shape) + 1 if task.memory else 0)
    w = _Rows(program, task)
    parts = []
    for part in (_factorise, _tie, _solve, _mask):
        part(task, program, w)
        parts.append(program.cut())
    output = _store(task, program, w)
    parts.append(program.cut())
    short_rows = machine.SHORT + 2 * task.plan.first.size + task.plan.date.size + 1
    return Recorded(parts, program.constants(), program.size, short_rows, output)


def _factorise(task: Task, program: Program, w: _Rows) -> None:
    """Factorise a block's network, and with it all that depends on the weights alone."""
    e, n, size = task.plan, task.plan.date.size, task.model.shape[1]
    _assemble_matrix(e, program, w)
    spring = None
    if size:
        total = program.row()
        total.set(0.0)
        for row in (*w.coupling, *w.ground):
            total += row
        w.g.set(reciprocal(w.pairs))
        w.g *= total
        w.g *= task.constraint
        spring = program.rows(n)
        spring[:] = w.g
    elimination.eliminate(e, w.coupling, w.ground, spring, w.pivot, w.pieces)
    w.pair_dof.set(-float(n))
    w.pair_dof += w.pairs
    w.pair_dof += w.pieces
    if task.uncertainty:
        between = program.rows(e.row.size)
        elimination.inverse_diagonal(e, w.coupling, w.pivot, between, w.variance)
    if size:
        model.solve_columns(e, task.model, w.coupling, w.pivot, w.columns)
        model.invert_border(e, task.model, w.columns, w.g, w.inverse, w.mv)
    if size and task.uncertainty:
        model.spreads(e, task.model, w.columns, w.g, w.inverse, w.mv, w.of_pairs, w.of_dates)


def _tie(task: Task, program: Program, w: _Rows) -> None:
    """How much of each date hangs on the held one: nothing, exactly, where no pair leads to it."""
    for k in range(len(w.tie)):
        w.tie[k] = w.ground[k]
    elimination.backward(task.plan, w.coupling, w.pivot, w.tie)


def _solve(task: Task, program: Program, w: _Rows) -> None:
    """Solve a factorised block, judge how well the pairs agree, and fit the temporal model."""
    e = task.plan
    w.x[:] = 0.0
    for m in range(e.first.size):
        i, j = e.first[m], e.second[m]
        start = w.x[i].at if i >= 0 else machine.HELD
        program.emit(Op.PULL, w.x[j].at, start, m)
    elimination.forward(e, w.coupling, w.x)
    elimination.backward(e, w.coupling, w.pivot, w.x)
    _compare(e, program, w)
    w.held.set(0.0)
    w.held.keep_where(w.pairs)
    w.bridged[:] = 0.0
    if task.model.shape[1]:
        model.fit(e, task.model, w.columns, w.g, w.inverse, w.x, w.parameters)
    if task.model.shape[1] and task.uncertainty:
        square = program.row()
        model.misfit(e, task.model, w.x, w.parameters, square)
        model.date_noise(
            square, w.pieces, w.variance, w.inverse, w.mv, w.pair_noise, w.noise, w.scatter, w.dof
        )
        of_dates = program.row()
        of_dates.set(w.dof)
        model.covariances(
            w.of_pairs, w.of_dates, w.pair_noise, w.pair_dof, w.noise, w.dof, w.covariance
        )
        if task.memory:
            dates, size = task.model.shape
            relative, left = [Given(p) for p in range(size)], Given(size + dates)
            model.remember(relative, left, w.scatter, w.of_dates, of_dates, w.covariance, w.dof)
    if task.prior:
        prior, error = program.row(machine.PRIOR), program.row(machine.PRIOR_ERROR)
        model.join_prior(prior, error, w.columns, w.g, w.x, w.parameters, w.covariance)
    if task.uncertainty:
        w.sure.set(0.0)
        w.sure.keep_where(w.pair_dof)
        both, square, wide = (program.row() for _ in range(3))
        both.set(w.sure)
        if task.model.shape[1]:
            both += 2.0 * w.noise
        for k in range(len(w.error)):
            square.set(w.pair_noise * w.variance[k])
            square += both
            if task.memory:
                wide.set(w.scatter * Given(task.model.shape[1] + e.date[k]))
                model.widen(wide, square)
            w.error[k] = root(wide if task.memory else square)


def _mask(task: Task, program: Program, w: _Rows) -> None:
    """Take away what no pair ties to the held date, unless the model bridges it."""
    reach, one, rest = program.row(), program.row(), program.row()
    reach.set(0.0)
    one.set(1.0)
    if task.model.shape[1]:
        rest.set(0.0 * w.parameters[0])  # NaN where the model says nothing either
        rest += one
        reach.set(known(rest))
    for k in range(len(w.x)):
        w.x[k].keep_where(w.tie[k], reach)
        if task.uncertainty:
            w.error[k].keep_where(w.tie[k])
        if task.model.shape[1]:
            rest.set(positive(w.tie[k]))
            w.bridged[k] = reach
            w.bridged[k] -= reach * rest


def _store(task: Task, program: Program, w: _Rows) -> dict[str, slice]:
    """Keep what is asked for, lengths in millimetres, dates in order; return where."""
    modelled = task.model.shape[1] > 0
    scale, size = task.millimetres, abs(task.millimetres)
    order = np.argsort(task.plan.date)
    results: dict[str, tuple[float, list[Row]]] = {
        "displacement": (scale, [w.held, *w.x[order]]),
        "temporal_coherence": (1, [w.coherence]),
        "residual": (size, [w.residual]),
        "pairs": (1, [w.pairs]),
        "pieces": (1, [w.pieces]),
        "dropped": (1, [program.row(machine.DROPPED)]),
    }
    if modelled:
        results["parameters"] = scale, list(w.parameters)
        results["bridged"] = 1, [program.row(machine.ZERO), *w.bridged[order]]
    if task.uncertainty:
        results["standard_error"] = size, [w.sure, *w.error[order]]
        results["degrees_of_freedom"] = 1, [w.dof if modelled else w.pair_dof]
    if task.uncertainty and modelled:
        results["covariance"] = scale**2, [row for each in w.covariance for row in each]
    output, kept = {}, 0
    for name, (factor, rows) in results.items():
        output[name] = slice(kept, kept := kept + len(rows))
        for at, row in zip(range(output[name].start, kept), rows, strict=True):
            program.emit(Op.STORE, at, row.at, program.constant(factor))
    return output


def _assemble_matrix(e: Elimination, program: Program, w: _Rows) -> None:
    """Add up the normal matrix, couplings between dates and ties to the held one; count pairs."""
    w.coupling[:] = 0.0
    w.ground[:] = 0.0
    program.emit(Op.ROUND, machine.USED, machine.ZERO)
    for m, (j, a) in enumerate(zip(e.second, e.coupling, strict=True)):
        weight = machine.SHORT + e.first.size + m
        program.emit(Op.COUNT, machine.USED, weight)
        row = w.ground[j] if a < 0 else w.coupling[a]
        row += Term(weight, add=Op.ADD_WIDENED)
    w.pairs.set(Term(machine.USED, put=Op.WIDEN))


def _compare(e: Elimination, program: Program, w: _Rows) -> None:
    """Compare pairs with the series: |mean exp(i r)|, root mean r², and the noise of pairs."""
    n, shift = e.date.size, machine.SHORT + 2 * e.first.size
    number, part = program.row(), program.row()
    sums = machine.COSINES, machine.SINES, machine.SQUARES, machine.WEIGHTED
    for short in sums:
        program.emit(Op.ROUND, short, machine.ZERO)
    for k in range(n):
        program.emit(Op.ROUND, shift + k, w.x[k].at)
    for m in range(e.first.size):
        start, end = (shift + (n if k < 0 else k) for k in (e.first[m], e.second[m]))
        program.emit(Op.COMPARE, start, end, m)
    cosine, sine, square, weighted = (Term(short, put=Op.WIDEN) for short in sums)
    number.set(reciprocal(w.pairs))
    part.set(cosine)
    w.coherence.set(part * part)
    part.set(sine)
    w.coherence += part * part
    w.coherence.set(root(w.coherence))
    w.coherence *= number
    w.coherence.keep_where(w.pair_dof)
    w.residual.set(square)
    w.residual *= number
    w.residual.set(root(w.residual))
    w.residual.keep_where(w.pairs)
    part.set(weighted)
    w.pair_noise.set(reciprocal(w.pair_dof))
    w.pair_noise *= part
