import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { merklePath, merkleRoot, MerkleRoot, rootOfPath } from './merkle';

const sha256 = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 6962 section 2.1, word by word: split at the largest power of two below the size. */
function rfcRoot(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (leaves.length === 1 && only) return sha256(Buffer.from([0]), only);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Buffer.from([1]), rfcRoot(leaves.slice(0, split)), rfcRoot(leaves.slice(split)));
}

const leavesOf = (max = 70) =>
  fc.array(
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    {
      minLength: 1,
      maxLength: max,
    },
  );

describe('a Merkle tree', () => {
  it('is that of RFC 6962', () => {
    // vectors of the certificate transparency test suite: https://github.com/google/certificate-transparency (merkle tree)
    const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
    const data = leaves.map((hex) => Buffer.from(hex, 'hex'));
    const roots = [1, 2, 3, 8].map((size) => merkleRoot(data.slice(0, size)).toString('hex'));
    expect(roots).toEqual([
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ]);
  });

  it('has the same root however it is computed', () => {
    fc.assert(
      fc.property(leavesOf(), (leaves) => {
        expect(merkleRoot(leaves)).toEqual(rfcRoot(leaves));
      }),
    );
  });

  it('proves each leaf with at most one hash per level', () => {
    fc.assert(
      fc.property(leavesOf(), fc.nat(), (leaves, seed) => {
        const index = seed % leaves.length;
        const path = merklePath(leaves, index);
        expect(rootOfPath(leaves[index] ?? Buffer.alloc(0), path)).toEqual(rfcRoot(leaves));
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(leaves.length)));
      }),
    );
  });

  it('proves no other leaf, in no other place, and by no altered path', () => {
    fc.assert(
      fc.property(leavesOf(), fc.nat(), fc.nat(), (leaves, seed, bit) => {
        const index = seed % leaves.length;
        const leaf = leaves[index] ?? Buffer.alloc(0);
        const root = rfcRoot(leaves);
        const path = merklePath(leaves, index);
        const other = Buffer.from(leaf);
        other[bit % 32] = (other[bit % 32] ?? 0) ^ 1;
        expect(rootOfPath(other, path)).not.toEqual(root);
        const step = path[bit % Math.max(1, path.length)];
        if (!step) return;
        const turned = path.map((one) =>
          one === step ? { ...one, side: one.side === 'left' ? ('right' as const) : ('left' as const) } : one,
        );
        const altered = path.map((one) => (one === step ? { ...one, hash: sha256(one.hash) } : one));
        expect(rootOfPath(leaf, altered)).not.toEqual(root);
        // two equal halves are the one case in which the sides do not matter
        if (!rootOfPath(leaf, path.slice(0, path.indexOf(step))).equals(step.hash))
          expect(rootOfPath(leaf, turned)).not.toEqual(root);
      }),
    );
  });

  it('has no root without leaves, and no path to what is not there', () => {
    expect(() => new MerkleRoot().root()).toThrow('without leaves');
    for (const index of [-1, 1, 0.5]) expect(() => merklePath([Buffer.alloc(32)], index)).toThrow(RangeError);
  });
});
