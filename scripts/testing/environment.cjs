/*
 * Jest's environment for Node, which asks of each file that nothing is left open when its tests are over: a server, a
 * connection, a timer, a child process. What leaks from one file lives on in the next, and keeps the worker from ending.
 */
const { TestEnvironment } = require('jest-environment-node');

/** What keeps a process alive; what was `unref`ed is not listed. Pipes are not counted: the process's own outputs are some. */
const KINDS = ['TCPServerWrap', 'TCPSocketWrap', 'Timeout', 'ProcessWrap'];
/** What is closing has this long. */
const PATIENCE_MS = 3_000;

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    this.before = count();
  }

  async handleTestEvent(event, state) {
    if (event.name !== 'run_finish') return;
    const end = performance.now() + PATIENCE_MS;
    let left = leftOver(this.before);
    while (left.length > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      left = leftOver(this.before);
    }
    if (left.length === 0) return;
    const error = new Error(`left open when the tests of this file were over: ${left.join(', ')}`);
    error.stack = error.message;
    state.unhandledErrors.push([error, error]);
  }
};

function count() {
  const counts = new Map(KINDS.map((kind) => [kind, 0]));
  for (const kind of process.getActiveResourcesInfo()) if (counts.has(kind)) counts.set(kind, counts.get(kind) + 1);
  return counts;
}

function leftOver(before) {
  const now = count();
  return KINDS.flatMap((kind) => {
    const more = now.get(kind) - before.get(kind);
    return more > 0 ? [`${more} ${kind}`] : [];
  });
}
