import { Problem } from './problem.mjs';

const terminal = process.stdout.isTTY && !process.env.CI;

/** Human time: "85 ms", "4.2 s", "3 min 12 s". */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * Shows one step while it happens. In a terminal its line counts the seconds and is replaced by the outcome; in a log
 * there is one line at the end, and one every 15 seconds before it, so that a slow installation never looks dead.
 *
 * @param work may return a few words about the outcome, such as "reused"
 */
export async function step(title, work) {
  const begun = performance.now();
  const elapsed = () => duration(performance.now() - begun);
  const show = () =>
    process.stdout.write(terminal ? `\r\x1b[K  … ${title} ${elapsed()}` : `  … ${title} ${elapsed()}\n`);
  if (terminal) show();
  const ticking = setInterval(show, terminal ? 1000 : 15_000);
  const close = (mark, words) => {
    clearInterval(ticking);
    process.stdout.write(
      `${terminal ? '\r\x1b[K' : ''}  ${mark} ${title}${words ? `: ${words}` : ''} (${elapsed()})\n`,
    );
  };
  try {
    const words = await work();
    close('✓', typeof words === 'string' ? words : '');
  } catch (error) {
    close('✗', '');
    throw error;
  }
}

/** Prints a problem: the failed program's own words first, then the sentence. */
export function showProblem(problem) {
  if (problem instanceof Problem && problem.output.trim()) console.error(`\n${problem.output.trimEnd()}`);
  console.error(`\n${problem.message}\n`);
}
