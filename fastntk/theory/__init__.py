"""Theory of wide networks: what their kernels say before anything is trained.

Generalisation (`eigenlearning`, `kare`, `leave_one_out`, `learning_curve`,
`generalisation_bound`), convergence (`convergence`, `time_to_loss`), spectra on spheres
(`sphere_spectrum`), signal propagation (`phase_point`, `critical_line`), kernels made
to order (`design_activation`) and the reach of the limit itself (`finite_width`).

Examples
--------
>>> import numpy as np
>>> import fastntk
>>> from fastntk import stax, theory
>>> net = stax.serial(stax.Dense(512, b_std=0.1), stax.Relu(), stax.Dense(1))
>>> x = np.random.default_rng(0).normal(size=(100, 5))
>>> spectrum = theory.decompose(fastntk.gram(net, x), x[:, 0])
>>> curve = theory.kare(spectrum, ridge=[1e-3, 1.0])
>>> bool(curve.test_mse[0] < curve.test_mse[1])  # no noise: little ridge is best
True
"""

from fastntk.theory.design import ActivationDesign, design_activation
from fastntk.theory.finite_width import FiniteWidth, finite_width
from fastntk.theory.generalisation.eigenlearning import Eigenlearning, eigenlearning
from fastntk.theory.generalisation.kare import Kare, kare
from fastntk.theory.generalisation.learning_curve import LearningCurve, learning_curve
from fastntk.theory.generalisation.leave_one_out import leave_one_out
from fastntk.theory.generalisation.rkhs import (
    GeneralisationBound,
    generalisation_bound,
    rkhs_norm,
)
from fastntk.theory.phase.critical import CriticalLine, critical_line
from fastntk.theory.phase.depth import DepthWarning, check_depth
from fastntk.theory.phase.diagram import (
    PhaseDiagram,
    PhasePoint,
    phase_diagram,
    phase_point,
)
from fastntk.theory.profile import kernel_profile
from fastntk.theory.sphere import (
    SphereSpectrum,
    sphere_multiplicity,
    sphere_spectrum,
)
from fastntk.theory.training.convergence import Convergence, convergence
from fastntk.theory.training.extreme_eigenvalues import extreme_eigenvalues
from fastntk.theory.training.positive_definite import (
    Certificate,
    certify_positive_definite,
)
from fastntk.theory.training.spectrum import TrainingSpectrum, decompose
from fastntk.theory.training.time import steps_to_loss, time_to_loss

__all__ = [
    "ActivationDesign",
    "Certificate",
    "Convergence",
    "CriticalLine",
    "DepthWarning",
    "Eigenlearning",
    "FiniteWidth",
    "GeneralisationBound",
    "Kare",
    "LearningCurve",
    "PhaseDiagram",
    "PhasePoint",
    "SphereSpectrum",
    "TrainingSpectrum",
    "certify_positive_definite",
    "check_depth",
    "convergence",
    "critical_line",
    "decompose",
    "design_activation",
    "eigenlearning",
    "extreme_eigenvalues",
    "finite_width",
    "generalisation_bound",
    "kare",
    "kernel_profile",
    "learning_curve",
    "leave_one_out",
    "phase_diagram",
    "phase_point",
    "rkhs_norm",
    "sphere_multiplicity",
    "sphere_spectrum",
    "steps_to_loss",
    "time_to_loss",
]
