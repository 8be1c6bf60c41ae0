const EULER = 0.5772156649015329;

/**
 * Exponential integral E3 for 0 < x < 2: from the series of E1 (Abramowitz and Stegun 5.1.11) and the recurrence
 * n·E(n+1) = e⁻ˣ − x·E(n) (5.1.14). `expint3(0.1727)` is 0.368091088537.
 */
export function expint3(x: number): number {
  let series = 0;
  let power = 1;
  for (let k = 1; k < 40; k++) {
    power *= -x / k;
    series -= power / k;
  }
  const one = -EULER - Math.log(x) + series;
  const decay = Math.exp(-x);
  return (decay - x * (decay - x * one)) / 2;
}

/**
 * Probability that a chi-square variable of `p` degrees of freedom exceeds `x`: the regularised upper incomplete gamma
 * function Q(p/2, x/2) by its recurrence Q(a + 1, x) = Q(a, x) + xᵃ e⁻ˣ / Γ(a + 1), from e⁻ˣ for even p and erfc √x for odd
 * (Abramowitz and Stegun 6.5.21, 26.4.19). `chiSquareSurvival(9.487729, 4)` is 0.05.
 */
export function chiSquareSurvival(x: number, p: number): number {
  if (!(x > 0)) return Number.isNaN(x) ? Number.NaN : 1;
  const half = x / 2;
  const decay = Math.exp(-half);
  const isEven = p % 2 === 0;
  let order = isEven ? 1 : 0.5;
  let sum = isEven ? decay : complementaryError(Math.sqrt(half));
  // half^order · e⁻ʰᵃˡᶠ / Γ(order + 1); Γ(3/2) = √π / 2.
  let term = isEven ? half * decay : (Math.sqrt(half) * decay * 2) / Math.sqrt(Math.PI);
  while (order < p / 2) {
    sum += term;
    order += 1;
    term *= half / order;
  }
  return sum;
}

/** erfc for x ≥ 0: the series of erf (7.1.6) below 2.5, the continued fraction (7.1.14) from there on. */
function complementaryError(x: number): number {
  const scale = Math.exp(-x * x) / Math.sqrt(Math.PI);
  if (x < 2.5) {
    let term = 2 * x;
    let sum = term;
    for (let k = 1; term > 1e-17 * sum; k++) {
      term *= (2 * x * x) / (2 * k + 1);
      sum += term;
    }
    return 1 - scale * sum;
  }
  let fraction = x;
  for (let k = 60; k > 0; k--) fraction = x + k / 2 / fraction;
  return scale / fraction;
}
