import { Problem } from '../../common/problems/problem';
import { BoundedPool } from './bounded-pool';

describe('BoundedPool (AUTH-04)', () => {
  function gate() {
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    return { open, opened };
  }

  it('runs so many at once, lets so many wait in order, and turns the rest away', async () => {
    const pool = new BoundedPool(2, 2);
    const gates = [gate(), gate(), gate(), gate()];
    const started: number[] = [];
    const runs = gates.map(({ opened }, index) =>
      pool.run(async () => {
        started.push(index);
        await opened;
        return index;
      }),
    );
    expect(started).toEqual([0, 1]);
    await expect(pool.run(() => Promise.resolve())).rejects.toMatchObject({
      status: 503,
      options: { headers: { 'retry-after': '1' } },
    });
    gates[1]?.open();
    await runs[1];
    expect(started).toEqual([0, 1, 2]);
    for (const { open } of gates) open();
    expect(await Promise.all(runs)).toEqual([0, 1, 2, 3]);
    expect(await pool.run(() => Promise.resolve('again'))).toBe('again');
  });

  it('gives the place of one that failed to the next', async () => {
    const pool = new BoundedPool(1, 1);
    const { open, opened } = gate();
    const first = pool.run(async () => {
      await opened;
      throw new Error('failed');
    });
    const second = pool.run(() => Promise.resolve('second'));
    open();
    await expect(first).rejects.toThrow('failed');
    expect(await second).toBe('second');
  });

  it('refuses with a problem that callers know', async () => {
    const pool = new BoundedPool(1, 0);
    const { open, opened } = gate();
    const first = pool.run(() => opened);
    await expect(pool.run(() => Promise.resolve())).rejects.toBeInstanceOf(Problem);
    open();
    await first;
  });
});
