/**
 * A suite that needs a program or a right which not every machine has: it is left out, with one line that says why.
 * @param missing undefined: nothing is
 */
export function describeUnless(missing: string | undefined, title: string, suite: () => void): void {
  if (missing === undefined) {
    describe(title, suite);
    return;
  }
  process.stderr.write(`left out: ${title}: ${missing}\n`);
  describe.skip(title, suite);
}
