#!/usr/bin/env node
/**
 * Checks a ledger that was exported with its evidence (GET /v1/ledgers/{id}/exports/evidence), or one transaction's proof
 * (GET …/transactions/{id}/proof), with nothing but Node: no package, no database, nothing of Daybook's own code.
 *
 *   node verify-bundle.mjs FILE [--jwks FILE|URL] [--checkpoint JWS|FILE]...
 *
 * --jwks        trust these keys, and not those in the bundle, which whoever made the bundle could have made as well
 * --checkpoint  a checkpoint that was kept elsewhere: the ledger must still have it
 *
 * Exit code 0: all is as it says. 1: something is wrong. 2: wrong usage. The format is in the bundle's first line.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const SHOWN = 100;
const POSTED = new Set(['posted', 'captured', 'reversed']);
const KINDS = {
  posting: { entries: ['posted'], parents: null },
  hold: { entries: ['held'], parents: null },
  capture: { entries: ['captured', 'released'], parents: ['hold'] },
  void: { entries: ['released'], parents: ['hold'] },
  expiry: { entries: ['released'], parents: ['hold'] },
  reversal: { entries: ['reversed'], parents: ['posting', 'capture'] },
};

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const isHash = (text) => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
const integer = (text) => {
  if (typeof text !== 'string' || !/^-?\d{1,60}$/.test(text)) throw new Error(`${JSON.stringify(text)} is no integer`);
  return BigInt(text);
};
const add = (map, key, amount) => map.set(key, (map.get(key) ?? 0n) + amount);

class Findings {
  count = 0;

  add(what, detail) {
    this.count += 1;
    if (this.count <= SHOWN) console.log(`WRONG ${what}: ${detail}`);
  }
}

/** RFC 6962: whole subtrees from left to right, so that memory does not grow with the number of leaves. */
class MerkleRoot {
  subtrees = [];

  add(data) {
    let tree = { hash: sha256(Buffer.of(0), data), size: 1 };
    while (this.subtrees.at(-1)?.size === tree.size) {
      const left = this.subtrees.pop();
      tree = { hash: sha256(Buffer.of(1), left.hash, tree.hash), size: tree.size * 2 };
    }
    this.subtrees.push(tree);
  }

  root() {
    return this.subtrees.reduceRight(
      (right, { hash }) => (right ? sha256(Buffer.of(1), hash, right) : hash),
      undefined,
    );
  }
}

/** What a checkpoint says. @throws when none of the keys signed it */
function readCheckpoint(jws, keys) {
  const [head, body, signature, ...rest] = String(jws).split('.');
  if (!signature || rest.length > 0) throw new Error('is no JWS');
  const json = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  const { alg, typ, kid } = json(head);
  if (alg !== 'ES256' || typ !== 'daybook-checkpoint+jwt') throw new Error(`is ${alg} ${typ}, which is no checkpoint`);
  const key = keys.get(kid);
  if (!key) throw new Error(`is signed by the key ${kid}, which is not one of those that are trusted`);
  const bytes = Buffer.from(signature, 'base64url');
  if (!verify('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }, bytes))
    throw new Error('has a signature that is not right');
  const said = json(body);
  if (said.form !== 'daybook.checkpoint.1')
    throw new Error(`has the form ${said.form}, which this program does not know`);
  return said;
}

function keysOf(set) {
  return new Map(set.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
}

/** The ledger, line by line. Memory holds a sum per balance and the holds and originals whose children are still to come. */
class Bundle {
  header;
  keys = new Map();
  scales = new Map();
  accounts = new Map();
  balances = new Map();
  parents = new Map();
  counts = { currencies: 0, accounts: 0, transactions: 0, entries: 0, checkpoints: 0, balances: 0 };
  ended = false;
  sequence = 0n;
  hash = '0'.repeat(64);
  tree = new MerkleRoot();
  used = new Map();
  checkpoint;
  compared = 0;

  constructor(findings, trusted, pinned) {
    this.findings = findings;
    this.trusted = trusted;
    this.pinned = new Set(pinned);
  }

  take(text, number) {
    const where = `line ${number}`;
    let line;
    try {
      line = JSON.parse(text);
    } catch {
      return this.findings.add(where, 'is no JSON');
    }
    if (this.ended) return this.findings.add(where, 'follows the footer');
    if (!this.header && line.type !== 'header') throw new Error('the file does not begin with the header of a bundle');
    const read = { header: 1, keys: 1, currency: 1, account: 1, transaction: 1, checkpoint: 1, balance: 1, footer: 1 };
    if (!Object.hasOwn(read, line.type)) return this.findings.add(where, `is of the type ${line.type}`);
    try {
      this[`on_${line.type}`](line);
    } catch (error) {
      this.findings.add(where, `cannot be read: ${error.message}`);
    }
  }

  on_header(line) {
    if (line.form !== 'daybook.bundle.1') throw new Error(`this program does not know the form ${line.form}`);
    this.header = line;
  }

  on_keys({ keys }) {
    this.keys = this.trusted ?? keysOf(keys);
  }

  on_currency({ code, scale }) {
    this.counts.currencies += 1;
    this.scales.set(code, scale);
  }

  on_account({ id, code }) {
    this.counts.accounts += 1;
    this.accounts.set(id, code);
  }

  on_transaction({ canonical, hash, state }) {
    this.counts.transactions += 1;
    const fields = JSON.parse(canonical);
    const [form, ledger, place, id, kind, parentId, , , , , , , expiresAt, , entries] = fields;
    const what = `transaction ${id} (sequence ${place})`;
    const wrong = (detail) => this.findings.add(what, detail);
    if (form !== 'daybook.transaction.1') return wrong(`has the form ${form}, which this program does not know`);
    if (ledger !== this.header.ledger) wrong('is of another ledger');
    const sequence = integer(place);
    if (sequence !== this.sequence + 1n) wrong(`follows sequence ${this.sequence}: what is between them is gone`);
    else if (!isHash(hash) || sha256(this.hash, canonical).toString('hex') !== hash)
      wrong('its hash is another: it, or the one before it, is not what was recorded');
    this.sequence = sequence;
    this.hash = String(hash);
    this.tree.add(Buffer.from(this.hash, 'hex'));

    const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
    if (!known) return wrong(`is a ${kind}, which this program does not know`);
    if (!Array.isArray(entries) || entries.length < 2) return wrong('has no entries');
    if (expiresAt !== null && kind !== 'hold') wrong(`is a ${kind} that expires`);
    this.entries(entries, known.entries, wrong);
    const own = { id, kind, entries, state, parts: new Map(), ends: [], children: 0 };
    this.parent(parentId, known.parents, own, wrong);
    if (kind === 'hold' && !state) return wrong('is a hold without its state');
    if (state && !['hold', 'posting', 'capture'].includes(kind)) wrong(`is a ${kind} and has a state`);
    if (!state) return;
    if (state.children > 0) this.parents.set(id, own);
    else this.settle(own);
  }

  entries(entries, kinds, wrong) {
    const sums = new Map();
    for (const [accountId, code, currency, direction, kind, amount, version, after] of entries) {
      this.counts.entries += 1;
      if (this.accounts.get(accountId) !== code)
        wrong(`names the account ${accountId} ${code}, which is not in the bundle`);
      if (!this.scales.has(currency)) wrong(`has the currency ${currency}, which is not in the bundle`);
      this.used.set(currency, this.scales.get(currency));
      if (!kinds.includes(kind)) wrong(`has an entry that is ${kind}`);
      if (direction !== 'debit' && direction !== 'credit') wrong(`has an entry on the side ${direction}`);
      const minor = integer(amount);
      if (minor <= 0n) wrong(`has an entry of ${amount}`);
      add(sums, `${currency} ${kind}`, direction === 'debit' ? minor : -minor);
      this.move(accountId, currency, direction, kind, minor, integer(version), integer(after), wrong);
    }
    for (const [key, sum] of sums) if (sum !== 0n) wrong(`its entries do not sum to zero: ${key} ${sum}`);
  }

  move(accountId, currency, direction, kind, minor, version, after, wrong) {
    const key = `${accountId} ${currency}`;
    let balance = this.balances.get(key);
    if (!balance)
      this.balances.set(key, (balance = { debit: 0n, credit: 0n, pdebit: 0n, pcredit: 0n, version: 0n, after: 0n }));
    const posted = POSTED.has(kind);
    balance[posted ? direction : `p${direction}`] += kind === 'released' ? -minor : minor;
    const expected = balance.after + (posted ? (direction === 'debit' ? minor : -minor) : 0n);
    if (version !== balance.version + 1n)
      wrong(`version ${version} of account ${accountId} follows ${balance.version}`);
    if (after !== expected) wrong(`leaves ${expected} in account ${accountId}, and says ${after}`);
    balance.version = version;
    balance.after = after;
  }

  parent(parentId, kinds, child, wrong) {
    if (!kinds) {
      if (parentId !== null) wrong(`is a ${child.kind} of another transaction`);
      return;
    }
    const parent = this.parents.get(parentId);
    if (!parent || !kinds.includes(parent.kind))
      return wrong(`is a ${child.kind} of ${parentId}, which does not know of it`);
    parent.children += 1;
    if (child.kind === 'void' || child.kind === 'expiry') parent.ends.push(child.kind);
    for (const [accountId, , currency, direction, kind, amount] of child.entries) {
      const side = kind === 'reversed' ? (direction === 'debit' ? 'credit' : 'debit') : direction;
      add(parent.parts, `${kind} ${accountId} ${currency} ${side}`, integer(amount));
    }
    if (parent.children === parent.state.children) {
      this.parents.delete(parentId);
      this.settle(parent);
    }
  }

  /** What is left of a hold or an original, once all its children have gone by. */
  settle({ id, kind, entries, state, parts, ends }) {
    const wrong = (detail) => this.findings.add(`transaction ${id}`, detail);
    const hold = kind === 'hold';
    const [own, left] = [new Map(), new Map()];
    if (state.remaining.length !== entries.length) return wrong('its state has not an amount per entry');
    for (const [place, [accountId, , currency, direction, entryKind, amount]] of entries.entries()) {
      const key = `${accountId} ${currency} ${direction}`;
      const counts = hold || POSTED.has(entryKind) ? integer(amount) : 0n;
      const rest = integer(state.remaining[place]);
      if (rest < 0n || rest > counts) wrong(`${rest} remain of entry ${place}, which has ${counts}`);
      add(own, key, counts);
      add(left, key, rest);
    }
    for (const [key, amount] of own) {
      const gone = parts.get(`${hold ? 'released' : 'reversed'} ${key}`) ?? 0n;
      const captured = parts.get(`captured ${key}`) ?? 0n;
      if (amount - left.get(key) !== gone) wrong(`of ${amount}, ${left.get(key)} remain and ${gone} are gone`);
      if (gone > amount || captured > amount) wrong(`more than ${amount} was taken of it`);
    }
    if (ends.length > 1) wrong('it ended more than once');
    const open = [...left.values()].some((rest) => rest > 0n);
    const ended = ends[0] === 'void' ? 'voided' : ends[0] === 'expiry' ? 'expired' : undefined;
    const status = ended ?? (hold ? (open ? 'pending' : 'posted') : open ? 'posted' : 'reversed');
    if (state.status !== status) wrong(`its state is ${state.status}; what became of it says ${status}`);
  }

  on_checkpoint({ jws }) {
    this.counts.checkpoints += 1;
    const what = `checkpoint ${this.counts.checkpoints}`;
    const wrong = (detail) => this.findings.add(what, detail);
    this.pinned.delete(jws);
    const before = this.checkpoint;
    const root = this.tree.root()?.toString('hex');
    const scales = Object.fromEntries([...this.used].sort());
    this.tree = new MerkleRoot();
    this.used = new Map();
    this.checkpoint = { jws, sequence: this.sequence.toString() };
    let said;
    try {
      said = readCheckpoint(jws, this.keys);
    } catch (error) {
      return wrong(error.message);
    }
    this.checkpoint.sequence = said.sequence;
    if (said.ledger !== this.header.ledger || said.tenant !== this.header.tenant) wrong('is of another ledger');
    if (
      said.previous !== (before ? sha256(before.jws).toString('hex') : null) ||
      said.after !== (before?.sequence ?? '0')
    )
      wrong('does not follow the one before it: one is gone or another one');
    if (said.sequence !== this.sequence.toString())
      return wrong(`covers up to ${said.sequence}; the ledger has ${this.sequence} by then`);
    if (said.hash !== this.hash) wrong('the chain leads to another hash than was signed');
    if (said.root !== root) wrong('the transactions that it covers are not those that were signed');
    if (JSON.stringify(Object.fromEntries(Object.entries(said.currencies).sort())) !== JSON.stringify(scales))
      wrong('the currencies of those transactions have other decimals than were signed');
  }

  on_balance({ account, currency, debits, credits, pendingDebits, pendingCredits, version }) {
    this.counts.balances += 1;
    const key = `${account} ${currency}`;
    const own = this.balances.get(key);
    const wrong = (detail) =>
      this.findings.add(`balance of account ${this.accounts.get(account) ?? account} ${currency}`, detail);
    if (!own) return wrong('has no entries');
    this.balances.delete(key);
    const stated = { debit: debits, credit: credits, pdebit: pendingDebits, pcredit: pendingCredits, version };
    for (const [field, text] of Object.entries(stated))
      if (integer(text) !== own[field]) wrong(`${field} is ${text}, and its entries come to ${own[field]}`);
  }

  on_footer(stated) {
    this.ended = true;
    for (const [name, count] of Object.entries(this.counts))
      if (stated[name] !== count) this.findings.add('footer', `says ${stated[name]} ${name}; there are ${count}`);
  }

  end() {
    if (!this.header) return this.findings.add('file', 'is empty');
    if (!this.ended) this.findings.add('file', 'has no footer: it is not whole');
    const { head } = this.header;
    if (head.sequence !== this.sequence.toString() || head.hash !== this.hash)
      this.findings.add('head', `is ${head.sequence} ${head.hash}; the last transaction is ${this.sequence}`);
    for (const [id, { children, state }] of this.parents)
      this.findings.add(
        `transaction ${id}`,
        `${children} of its ${state.children} captures, ends or reversals are there`,
      );
    for (const key of this.balances.keys())
      this.findings.add(`balance of account ${key}`, 'is not in the bundle, and has entries');
    for (const jws of this.pinned)
      this.findings.add('checkpoint', `${jws.slice(0, 24)}… was kept elsewhere and is not in the ledger`);
  }
}

/** One transaction and the way from it to a checkpoint. */
function checkProof(proof, keys, findings) {
  const wrong = (detail) => findings.add('proof', detail);
  const hash = sha256(proof.previousHash, proof.canonical);
  if (hash.toString('hex') !== proof.hash) wrong('the transaction has another hash');
  const root = proof.path.reduce(
    (so, step) => {
      const other = Buffer.from(step.hash, 'hex');
      return step.side === 'left' ? sha256(Buffer.of(1), other, so) : sha256(Buffer.of(1), so, other);
    },
    sha256(Buffer.of(0), hash),
  );
  const said = readCheckpoint(proof.checkpoint.jws, keys);
  const [, ledger, sequence] = JSON.parse(proof.canonical);
  if (root.toString('hex') !== said.root) wrong('the path does not lead to what was signed');
  if (ledger !== said.ledger) wrong('the checkpoint is of another ledger');
  if (!(BigInt(sequence) > BigInt(said.after) && BigInt(sequence) <= BigInt(said.sequence)))
    wrong('the checkpoint does not cover the transaction');
  console.log(
    `transaction ${sequence} of ledger ${ledger}, checkpoint ${said.sequence} of ${said.time} by ${said.iss}`,
  );
}

async function textOf(source) {
  if (!/^https?:/.test(source)) return readFile(source, 'utf8');
  const answer = await fetch(source);
  if (!answer.ok) throw new Error(`${source} answers ${answer.status}`);
  return answer.text();
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { jwks: { type: 'string' }, checkpoint: { type: 'string', multiple: true } },
  });
  const [file] = positionals;
  if (positionals.length !== 1) {
    console.error('usage: node verify-bundle.mjs FILE [--jwks FILE|URL] [--checkpoint JWS|FILE]...');
    return 2;
  }
  const trusted = values.jwks === undefined ? undefined : keysOf(JSON.parse(await textOf(values.jwks)).keys);
  const pinned = await Promise.all(
    (values.checkpoint ?? []).map(async (given) =>
      /^[\w-]+\.[\w-]+\.[\w-]+$/.test(given) ? given : (await readFile(given, 'utf8')).trim(),
    ),
  );
  const findings = new Findings();
  const bundle = new Bundle(findings, trusted, pinned);
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number += 1;
    if (number === 1 && line.includes('"daybook.proof.1"')) {
      if (!trusted) throw new Error('a proof needs --jwks: the keys of /.well-known/checkpoint-keys.json');
      checkProof(JSON.parse(line), trusted, findings);
      return report(findings);
    }
    bundle.take(line, number);
  }
  bundle.end();
  const { counts, header, checkpoint } = bundle;
  console.log(`ledger ${header?.ledger} of ${header?.issuer}, exported ${header?.exportedAt}`);
  console.log(
    Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', '),
  );
  console.log(
    'checked: hash chain and sequence, zero sums, versions, balances, holds, reversals, checkpoints (signatures, Merkle roots, links)',
  );
  if (!trusted) console.log('the signatures were checked with the keys in the bundle: give --jwks to check who signed');
  const covered = BigInt(checkpoint?.sequence ?? 0);
  if (covered < bundle.sequence) console.log(`transactions after ${covered} are covered by no checkpoint yet`);
  return report(findings);
}

function report({ count }) {
  console.log(count === 0 ? 'nothing is wrong' : `${count} findings`);
  return count === 0 ? 0 : 1;
}

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(error.message);
    process.exitCode = error.code?.startsWith?.('ERR_PARSE_ARGS') ? 2 : 1;
  },
);
