/** One line of the report: a title, a rate, and what it is compared with. */
export const show = (title, rate, note = '') =>
  console.log(`  ${title.padEnd(44)}${Math.round(rate).toString().padStart(8)} /s  ${note}`.trimEnd());

export const ratio = (a, b) => `${(a / b).toFixed(2)}×`;

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Runs each case once a round, so that what the machine does meanwhile falls on all of them. @returns medians by name */
export async function interleaved(cases, rounds) {
  const figures = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, measure] of Object.entries(cases)) figures[name].push(await measure());
    console.log(`  round ${round} of ${rounds} done`);
  }
  return Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, median(values)]));
}
