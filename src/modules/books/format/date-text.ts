/** Parts of a date in a pattern such as `d.M.yyyy`. */
const TOKENS = /yyyy|MM?|dd?/g;
const PATTERN = /^(?:yyyy|MM?|dd?)([./-]?)(?:yyyy|MM?|dd?)\1(?:yyyy|MM?|dd?)$/;

/** Whether a pattern has year, month and day, each once, and can be read in one way only. */
export function isDateFormat(pattern: string): boolean {
  if (!PATTERN.test(pattern)) return false;
  const tokens = pattern.match(TOKENS) ?? [];
  const separated = /[./-]/.test(pattern);
  return (
    new Set(tokens.map((token) => token[0])).size === 3 && (separated || tokens.every((token) => token.length > 1))
  );
}

/** Reads dates of a pattern as `yyyy-MM-dd`; undefined for what is none. Whether the calendar has the day is asked later. */
export function dateReader(pattern: string): (text: string) => string | undefined {
  const tokens = pattern.match(TOKENS) ?? [];
  const width = (token: string) => (token === 'yyyy' ? '4' : token.length === 2 ? '2' : '1,2');
  const source = pattern.replace(/[./-]/g, '\\$&').replace(TOKENS, (token) => `(\\d{${width(token)}})`);
  const regexp = new RegExp(`^${source}$`);
  return (text) => {
    const match = regexp.exec(text.trim());
    if (!match) return undefined;
    const part = (first: string) => match[tokens.findIndex((token) => token.startsWith(first)) + 1] ?? '';
    return `${part('y')}-${part('M').padStart(2, '0')}-${part('d').padStart(2, '0')}`;
  };
}
