import fc from 'fast-check';
import { formatServerSentEvent } from './server-sent-event';

interface Parsed {
  id?: string;
  event?: string;
  data?: string;
}

/** The parser of the HTML Living Standard, section 9.2.6, as far as we write. */
function parse(stream: string): Parsed[] {
  const events: Parsed[] = [];
  let current: Parsed = {};
  for (const line of stream.split(/\r\n|\r|\n/)) {
    const [, field, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (line === '') {
      if (current.data !== undefined) events.push(current);
      current = {};
    } else if (field === 'data') current.data = current.data === undefined ? value : `${current.data}\n${value}`;
    else if (field === 'id') current.id = value;
    else if (field === 'event') current.event = value;
  }
  return events;
}

const nasty = fc.string({ unit: fc.constantFrom('a', ':', ' ', '\r', '\n', '\u2028', '"', 'data: x', 'id: 9') });

describe('formatServerSentEvent', () => {
  it('writes an event', () => {
    const text = formatServerSentEvent({ id: '7', event: 'log', data: { a: 1 } });
    expect(text).toBe('id: 7\nevent: log\ndata: {"a":1}\n\n');
  });

  it('F5 reads back as exactly one event, whatever is in the data', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const [event, ...more] = parse(formatServerSentEvent({ id: '1', event: 'log', data: { text } }));
        expect(more).toEqual([]);
        expect(JSON.parse(event?.data ?? '')).toEqual({ text });
        expect(parse(formatServerSentEvent({ data: text }))).toEqual([{ data: text.replace(/\r\n|\r/g, '\n') }]);
      }),
    );
  });

  it.each(['a\nb', 'a\rb', 'a\0b'])('F5 refuses %j as id or name', (name) => {
    expect(() => formatServerSentEvent({ id: name, data: '' })).toThrow(RangeError);
    expect(() => formatServerSentEvent({ event: name, data: '' })).toThrow(RangeError);
  });
});
