import { Findings } from './findings';

describe('findings', () => {
  it('are all counted; the first hundred are kept', () => {
    const findings = new Findings();
    for (let n = 1; n <= 150; n += 1) findings.add('hash', `transaction ${n}`, 'altered');
    expect([findings.count, findings.kept.length]).toEqual([150, 100]);
    expect(findings.kept.at(-1)?.object).toBe('transaction 100');
  });
});
