import { isGuessable, PASSWORD_MIN, randomPassword } from './password-policy';

const ada = { email: 'ada.lovelace@analytical.example', name: 'Ada Lovelace' };

describe('isGuessable (AUTH-03)', () => {
  it.each([
    'daybookdaybook1',
    'Daybook-Password!',
    'ada.lovelace@analytical.example',
    'AdaLovelace12345',
    'analytical-ledger',
    'aaaaaaaaaaaaaaaaaaaa',
    '123456789012345',
    'abcdefghijklmnop',
    'qwertyuiopasdfghjkl',
    'passwordpassword',
    'abababababababab',
  ])('refuses %s', (password) => {
    expect(isGuessable(password, ada)).toBe(true);
  });

  it.each([
    'correct horse battery staple',
    'violet marmot juggling teacups',
    'kq7m2x-w9dhtb-4zvne3',
    'my daybook keeps seven otters happy',
    'パスワードはとても長い方がよいと思う',
    '   ünïcödé mit Leerzeichen   ',
  ])('takes %s', (password) => {
    expect(isGuessable(password, ada)).toBe(false);
  });

  it('does not mind a person without a name', () => {
    expect(isGuessable('correct horse battery staple', { email: 'a@b.c', name: null })).toBe(false);
  });
});

describe('randomPassword', () => {
  it('is long, not guessable and never the same', () => {
    const made = Array.from({ length: 200 }, randomPassword);
    expect(new Set(made).size).toBe(200);
    for (const password of made) {
      expect(password).toMatch(/^([a-z2-9]{6}-){4}[a-z2-9]{6}$/);
      expect(password.length).toBeGreaterThanOrEqual(PASSWORD_MIN);
      expect(isGuessable(password, ada)).toBe(false);
    }
  });
});
