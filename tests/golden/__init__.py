"""Reference values made with neural-tangents 0.6.5, and with 60-digit arithmetic.

``<group>.json`` holds the networks, ``<group>.npz`` the arrays.  ``fc_highprec`` does
not come from neural-tangents but from mpmath.
"""
