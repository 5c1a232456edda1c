import { preferredType } from './accept';

const OFFERED = ['application/json', 'text/html'] as const;

describe('preferredType', () => {
  it.each([
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['text/html', 'text/html'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['application/json, text/html', 'application/json'],
    ['application/json;q=0.5, text/html;q=0.6', 'text/html'],
    ['text/*', 'text/html'],
    ['TEXT/HTML', 'text/html'],
    ['application/json;q=0, */*', 'text/html'],
    ['text/html;level=1;q=0.4, application/json;q=0.3', 'text/html'],
    ['image/png', undefined],
    ['application/json;q=0', undefined],
    ['nonsense', undefined],
  ])('answers %p with %p', (header, type) => {
    expect(preferredType(header, OFFERED)).toBe(type);
  });
});
