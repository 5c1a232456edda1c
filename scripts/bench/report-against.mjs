import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { root } from '../setup/project.mjs';
import { median } from './report.mjs';

const PARTS = { engine: 'Engine without HTTP, 256 callers', http: 'HTTP, one posting a request, 64 connections' };

/**
 * This checkout against another one, built: short measurements by turns, and the median of what each pair says. A
 * machine whose speed changes from minute to minute changes for both.
 *
 * @param other its folder, with node_modules and dist
 */
export async function reportAgainst(
  other,
  { pairs = Number(process.env.BENCH_PAIRS ?? 20), seconds = Number(process.env.BENCH_SECONDS ?? 2) } = {},
) {
  const sides = [root, resolve(other)].map((folder) => startSide(folder, seconds));
  try {
    for (const [part, title] of Object.entries(PARTS)) {
      console.log(`\n${title}`);
      for (const side of sides) await side.measure(part); // warm
      const seen = [];
      for (let pair = 0; pair < pairs; pair += 1) {
        const figures = [];
        for (const at of pair % 2 ? [1, 0] : [0, 1]) figures[at] = await sides[at].measure(part);
        seen.push({ rate: figures[0].rate / figures[1].rate, cpu: figures[0].cpu / figures[1].cpu });
        const [ours, theirs] = figures.map(({ rate, cpu }) => `${Math.round(rate)} /s, ${Math.round(cpu)} µs`);
        console.log(`  pair ${String(pair + 1).padStart(2)} of ${pairs}: ${ours} against ${theirs}`);
      }
      summarize(
        'postings a second',
        seen.map(({ rate }) => rate),
      );
      summarize(
        'processor a posting',
        seen.map(({ cpu }) => cpu),
      );
    }
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
}

function summarize(words, ratios) {
  ratios.sort((a, b) => a - b);
  const at = (share) => ratios[Math.floor((ratios.length - 1) * share)].toFixed(2);
  console.log(`  ${words}: ${median(ratios).toFixed(3)}× of the other; half of the pairs ${at(0.25)} to ${at(0.75)}`);
}

function startSide(folder, seconds) {
  const program = fileURLToPath(new URL('side.mjs', import.meta.url));
  const child = spawn(process.execPath, ['--max-semi-space-size=64', program, folder, String(seconds)], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, 'exit');
  return {
    measure: async (part) => {
      child.stdin.write(`${part}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`the bench of ${folder} ended`);
      return JSON.parse(value);
    },
    stop: () => {
      child.stdin.end();
      return exited;
    },
  };
}
