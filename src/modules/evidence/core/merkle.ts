import { createHash } from 'node:crypto';

/**
 * Merkle trees as RFC 6962 section 2.1 has them: SHA-256, with a first byte that tells leaves from nodes, so that
 * neither can be passed off as the other.
 */
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

const leafHash = (data: Buffer): Buffer => createHash('sha256').update(LEAF).update(data).digest();
const nodeHash = (left: Buffer, right: Buffer): Buffer =>
  createHash('sha256').update(NODE).update(left).update(right).digest();

/** A step from a leaf to the root: the hash on the other side, and which side that is. */
export interface PathStep {
  readonly side: 'left' | 'right';
  readonly hash: Buffer;
}

/** A root that is computed while leaves arrive: it keeps one hash per level, however many they are. */
export class MerkleRoot {
  /** Whole subtrees from left to right, each larger than the next. */
  private readonly subtrees: { hash: Buffer; size: number }[] = [];
  size = 0;

  add(data: Buffer): void {
    let tree = { hash: leafHash(data), size: 1 };
    for (;;) {
      const last = this.subtrees.at(-1);
      if (last?.size !== tree.size) break;
      this.subtrees.pop();
      tree = { hash: nodeHash(last.hash, tree.hash), size: last.size * 2 };
    }
    this.subtrees.push(tree);
    this.size += 1;
  }

  /** @throws Error without any leaf */
  root(): Buffer {
    const root = this.subtrees.reduceRight<Buffer | undefined>(
      (right, { hash }) => (right ? nodeHash(hash, right) : hash),
      undefined,
    );
    if (!root) throw new Error('a tree without leaves has no root');
    return root;
  }
}

export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  const tree = new MerkleRoot();
  for (const leaf of leaves) tree.add(leaf);
  return tree.root();
}

/** The steps from leaf `index` up to the root. @throws RangeError when there is no such leaf */
export function merklePath(leaves: readonly Buffer[], index: number): PathStep[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) throw new RangeError('there is no such leaf');
  const path: PathStep[] = [];
  let level = leaves.map(leafHash);
  for (let place = index; level.length > 1; place >>= 1) {
    const other = level[place ^ 1];
    // the last one of an odd level goes up as it is
    if (other) path.push({ side: place % 2 === 0 ? 'right' : 'left', hash: other });
    level = parentsOf(level);
  }
  return path;
}

/** The root that a leaf and its path lead to. */
export function rootOfPath(data: Buffer, path: readonly PathStep[]): Buffer {
  return path.reduce(
    (hash, step) => (step.side === 'left' ? nodeHash(step.hash, hash) : nodeHash(hash, step.hash)),
    leafHash(data),
  );
}

function parentsOf(level: readonly Buffer[]): Buffer[] {
  const parents: Buffer[] = [];
  for (let place = 0; place < level.length; place += 2) {
    const [left, right] = [level[place], level[place + 1]];
    if (left) parents.push(right ? nodeHash(left, right) : left);
  }
  return parents;
}
