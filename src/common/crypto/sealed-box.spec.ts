import { createDecipheriv, createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { deriveKey, open, seal, SealedBoxError } from './sealed-box';

const KEY = deriveKey('a secret of the deployment', 'test');
const OLD_KEY = deriveKey('the secret before it', 'test');
const SECRET = Buffer.from('the secret of a webhook endpoint');

function reasonOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SealedBoxError) return error.reason;
    throw error;
  }
  return 'opened';
}

describe('seal and open', () => {
  it('give back every plaintext', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.string({ unit: 'binary' }), (bytes, associated) => {
        const plaintext = Buffer.from(bytes);
        expect(open(seal(plaintext, KEY, associated), [KEY], associated)).toEqual(plaintext);
      }),
    );
  });

  it('have a format anyone with the key can open: v1.keyid.nonce.ciphertext.tag', () => {
    const sealed = seal(SECRET, KEY, 'endpoint:1');
    expect(sealed).toMatch(/^v1\.[0-9a-f]{8}\.[\w-]{16}\.[\w-]+\.[\w-]{22}$/);
    const [, id = '', nonce = '', ciphertext = '', tag = ''] = sealed.split('.');
    expect(id).toBe(createHash('sha256').update(KEY).digest('hex').slice(0, 8));
    const decipher = createDecipheriv('aes-256-gcm', KEY, Buffer.from(nonce, 'base64url'));
    decipher.setAAD(Buffer.from(`v1.${id}.endpoint:1`)).setAuthTag(Buffer.from(tag, 'base64url'));
    expect(Buffer.concat([decipher.update(ciphertext, 'base64url'), decipher.final()])).toEqual(SECRET);
  });

  it('open what an earlier release has sealed', () => {
    const sealed = 'v1.5e266792.xt29MEoDAGGMngiB.P-t_AEGhQwcrTUFCSfGZEkOBgPbCuQ.LbSMnQb7IfxsL8JxuqMJaw';
    expect(open(sealed, [KEY], 'endpoint:1').toString()).toBe('kept since release one');
  });

  it('never seal to the same text twice', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => seal(SECRET, KEY, ''))).size).toBe(1_000);
  });

  it('do not show the plaintext or what it belongs to', () => {
    const sealed = seal(SECRET, KEY, 'endpoint:1');
    const shown = sealed + Buffer.from(sealed.split('.')[3] ?? '', 'base64url').toString('latin1');
    expect(shown).not.toContain('secret');
    expect(shown).not.toContain('endpoint');
  });

  it('pick the key by its id, the present one or a former', () => {
    const sealed = seal(SECRET, OLD_KEY, 'a');
    expect(open(sealed, [KEY, OLD_KEY], 'a')).toEqual(SECRET);
    expect(open(sealed, [OLD_KEY, KEY], 'a')).toEqual(SECRET);
    expect(reasonOf(() => open(sealed, [KEY], 'a'))).toBe('unknown-key');
    expect(reasonOf(() => open(sealed, [], 'a'))).toBe('unknown-key');
  });

  it('do not open for something else', () => {
    expect(reasonOf(() => open(seal(SECRET, KEY, 'endpoint:1'), [KEY], 'endpoint:2'))).toBe('authentication');
  });

  it('do not open with any one bit of nonce, ciphertext or tag changed', () => {
    const parts = seal(SECRET, KEY, 'a').split('.');
    for (const part of [2, 3, 4]) {
      const bytes = Buffer.from(parts[part] ?? '', 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const forged = parts.with(part, changed.toString('base64url')).join('.');
        expect(reasonOf(() => open(forged, [KEY], 'a'))).toBe('authentication');
      }
    }
  });

  it('do not open with a shortened tag, or any text of another form', () => {
    const sealed = seal(SECRET, KEY, 'a');
    const parts = sealed.split('.');
    const tag = Buffer.from(parts[4] ?? '', 'base64url');
    const forged = [
      parts.with(4, tag.subarray(0, 4).toString('base64url')).join('.'),
      parts.with(4, '').join('.'),
      parts.with(2, '').join('.'),
      parts.with(0, 'v2').join('.'),
      parts.slice(0, 4).join('.'),
      `${sealed}.`,
      `${sealed}=`,
      ` ${sealed}`,
      sealed.replace('.', ''),
      parts.with(3, `${parts[3] ?? ''}+/`).join('.'),
      '',
      '....',
    ];
    for (const text of forged) expect(reasonOf(() => open(text, [KEY], 'a'))).toBe('malformed');
  });

  it('fail in no other way, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.base64String(), { maxLength: 6 }).map((p) => p.join('.')),
        ),
        (text) => {
          expect(reasonOf(() => open(text, [KEY], ''))).toMatch(/^(malformed|unknown-key)$/);
        },
      ),
    );
  });

  it.each([0, 16, 31, 33])('take no key of %i bytes', (length) => {
    expect(() => seal(SECRET, Buffer.alloc(length), '')).toThrow(RangeError);
    expect(() => open('', [KEY, Buffer.alloc(length)], '')).toThrow(RangeError);
  });
});

describe('deriveKey', () => {
  it('is HKDF-SHA256 as RFC 5869 §2 writes it', () => {
    const extracted = createHmac('sha256', 'daybook').update('secret').digest();
    const expanded = createHmac('sha256', extracted)
      .update('cursor')
      .update(Buffer.from([1]))
      .digest();
    expect(deriveKey('secret', 'cursor')).toEqual(expanded);
  });

  it('gives each secret and each purpose a key of its own', () => {
    const keys = [
      deriveKey('a', 'b'),
      deriveKey('a', 'c'),
      deriveKey('b', 'a'),
      deriveKey('ab', 'c'),
      deriveKey('a', 'bc'),
    ];
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(5);
    expect(keys.every((key) => key.length === 32)).toBe(true);
  });

  it('needs both', () => {
    expect(() => deriveKey('', 'purpose')).toThrow(RangeError);
    expect(() => deriveKey('secret', '')).toThrow(RangeError);
  });
});
