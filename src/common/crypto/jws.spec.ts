import { generateKeyPairSync } from 'node:crypto';
import { jwsIsSignedBy, readJws, signJws } from './jws';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KID = 'k'.repeat(43);
const TYP = 'statement+jwt';
const jws = signJws(TYP, KID, { says: 'so' }, privateKey);
const [, payload = '', signature = ''] = jws.split('.');
const withHeader = (header: unknown) =>
  `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;

describe('a signed statement', () => {
  it('is read and verified', () => {
    const read = readJws(jws, TYP);
    expect(read).toMatchObject({ kid: KID, payload: { says: 'so' } });
    expect(read && jwsIsSignedBy(publicKey, read)).toBe(true);
  });

  it('is not verified by another key, nor once a bit of it is another', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    const read = readJws(jws, TYP);
    expect(read && jwsIsSignedBy(other, read)).toBe(false);
    const altered = Buffer.from(payload, 'base64url');
    altered[2] = (altered[2] ?? 0) ^ 1;
    const forged = readJws(jws.replace(payload, altered.toString('base64url')), TYP);
    expect(forged && jwsIsSignedBy(publicKey, forged)).toBe(false);
  });

  it.each([
    ['another type', { alg: 'ES256', typ: 'at+jwt', kid: KID }],
    ['another algorithm', { alg: 'none', typ: TYP, kid: KID }],
    ['no key id', { alg: 'ES256', typ: TYP }],
    ['a key id that is no thumbprint', { alg: 'ES256', typ: TYP, kid: '../key' }],
    ['a key of its own', { alg: 'ES256', typ: TYP, kid: KID, jwk: {} }],
    ['null', null],
    ['a list', ['alg', 'kid', 'typ']],
  ])('is not read with a header of %s', (_, header) => {
    expect(readJws(withHeader(header), TYP)).toBeUndefined();
  });

  it.each(['', 'a.b', 'a.b.c.d', '!!.!!.!!', `${jws}=`])('is not read from %j', (text) => {
    expect(readJws(text, TYP)).toBeUndefined();
  });
});
