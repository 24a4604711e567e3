"""Exponentials and logarithms of rows, eight or four numbers at a time.

`math.exp` is a call for every number and keeps a loop scalar; these are plain arithmetic on the bits of a number, so a
loop that uses `exp` or `log` of one number becomes vector code.
"""

from typing import Any

import numpy as np

from network.kernels.inner import number_njit

LOG2_E = 1.4426950408889634
LN2_HIGH = 6.93147180369123816490e-01
"""ln 2 to 33 bits, so that a whole number of them is exact, and the rest of it (fdlibm)."""
LN2_LOW = 1.90821492927058770002e-10
LEAST_EXPONENT = -708.0
"""exp of less is taken for 0: the last normal number is not far below."""
MOST_EXPONENT = 710.0
ROUND = 6755399441055744.0
"""1.5 x 2^52: what is added to this is rounded to a whole number, which stands in the last bits of the sum."""
EXPONENT_BITS = 52
BIAS = 1023
HALF_ROOT = 0x3FE6A09E667F3BCD
"""The bits of the square root of a half."""
ONE = 0x3FF0000000000000
"""The bits of 1."""
WHOLE = 0x4330000000000000
"""The bits of 2^52: the last bits of such a number are the whole number it is beyond 2^52."""
WHOLE_BASE = 4503599627370496.0
LEAST_NORMAL = 2.2250738585072014e-308
LEAST_POWER = -1022.0
"""2^-1022 is the least normal number."""


@number_njit
def exp(x: Any) -> Any:
    """e^x within 2 units in the last place; 0 below -708, infinite from 709.79, and no number stays none.

    x = n ln 2 + r with |r| <= ln(2) / 2, whose series ends after r^13 / 13! (error 4e-18); 2^n is made of bits.
    """
    y = min(x, MOST_EXPONENT)
    t = y * LOG2_E + ROUND
    n = t - ROUND
    r = (y - n * LN2_HIGH) - n * LN2_LOW
    z = r * r
    p = 1 / 3628800 + r * (1 / 39916800) + z * (1 / 479001600 + r * (1 / 6227020800))
    p = 1 / 40320 + r * (1 / 362880) + z * p
    q = 1 / 24 + r * (1 / 120) + z * (1 / 720 + r * (1 / 5040))
    p = 0.5 + r * (1 / 6) + z * (q + z * z * p)
    p = 1.0 + (r + z * p)
    half = np.int64((np.float64(t).view(np.int64) + (BIAS - 1)) << EXPONENT_BITS).view(np.float64)  # 2^1024 is none
    return 0.0 if x < LEAST_EXPONENT else p * half * 2.0


@number_njit
def log(x: Any) -> Any:
    """Natural logarithm within 1 unit in the last place; -inf at 0 and below the normal numbers, none of the negative.

    x = 2^k m with m from sqrt(1/2) to sqrt(2); log(m) by fdlibm's series in s = (m - 1) / (m + 1).
    """
    bits = np.float64(x).view(np.int64)
    exponent = (bits + (ONE - HALF_ROOT)) >> EXPONENT_BITS
    k = np.int64(exponent | WHOLE).view(np.float64) - (WHOLE_BASE + BIAS)
    f = np.int64(bits - ((exponent - BIAS) << EXPONENT_BITS)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    odd = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    p = 2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)
    p = odd + z * (6.666666666666735130e-01 + w * p)
    value = k * LN2_HIGH - ((s * (f - p) - k * LN2_LOW) - f)
    if not LEAST_NORMAL <= x < np.inf:
        return np.nan if not x >= 0.0 else (x if x > 1.0 else -np.inf)
    return value


@number_njit
def exp2(x: Any) -> Any:
    """2^x to 1e-15 of itself, for x up to 1023; 0 below -1022, and no number stays none. In fewer steps than `exp`.

    x = n + r with |r| <= 1/2; (2^r - 1) / r by the polynomial that meets it at 10 Chebyshev nodes (error 6e-16).
    """
    t = x + ROUND
    r = x - (t - ROUND)
    z = r * r
    p = 1.0205905413765595e-07 + r * 7.070977866508139e-09
    p = 1.5252672924850737e-05 + r * 1.3215451633221434e-06 + z * p
    p = 0.0013333558200794592 + r * 0.00015403530424776529 + z * p
    p = 0.05550410866465167 + r * 0.009618129107618665 + z * p
    p = 1.0 + r * (0.6931471805599462 + r * 0.24022650695910075 + z * p)
    whole = np.int64((np.float64(t).view(np.int64) + BIAS) << EXPONENT_BITS).view(np.float64)
    return 0.0 if x < LEAST_POWER else p * whole


@number_njit
def log2(x: Any) -> Any:
    """Logarithm to base 2 of a normal number > 0, to 3e-16 of itself or 1; of others it is some number.

    As `log`, without the care for the last place and the ends of the numbers.
    """
    bits = np.float64(x).view(np.int64)
    exponent = (bits + (ONE - HALF_ROOT)) >> EXPONENT_BITS
    k = np.int64(exponent | WHOLE).view(np.float64) - (WHOLE_BASE + BIAS)
    f = np.int64(bits - ((exponent - BIAS) << EXPONENT_BITS)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = 1.818357216161805012e-01 + z * (1.531383769920937332e-01 + z * 1.479819860511658591e-01)
    p = 2.857142874366239149e-01 + z * (2.222219843214978396e-01 + z * p)
    p = 6.666666666666735130e-01 + z * (3.999999999940941908e-01 + z * p)
    return k + (s * LOG2_E) * (2.0 + z * p)
