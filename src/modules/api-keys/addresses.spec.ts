import { addressesOf, isAddressBlock } from './addresses';

describe('addresses that a key may be used from (AUTH-21)', () => {
  it.each(['203.0.113.7', '203.0.113.0/24', '0.0.0.0/0', '2001:db8::/48', '::1', '::ffff:10.0.0.1'])(
    '%s is one',
    (text) => {
      expect(isAddressBlock(text)).toBe(true);
    },
  );
  it.each([
    '',
    '203.0.113',
    '203.0.113.7/33',
    '2001:db8::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'fe80::1%eth0',
    'localhost',
    7,
    null,
  ])('%p is none', (text) => {
    expect(isAddressBlock(text)).toBe(false);
  });
  it.each([
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['11.1.2.3', false],
    ['192.0.2.1', true],
    ['192.0.2.2', false],
    ['2001:db8:0:1::5', true],
    ['2001:db9::5', false],
    ['', false],
    ['unknown', false],
  ])('%s: %p', (address, expected) => {
    expect(addressesOf(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32'])(address)).toBe(expected);
  });
});
