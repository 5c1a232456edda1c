/** One event of a `text/event-stream`. */
export interface ServerSentEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data: unknown;
}

const LINE_BREAKS = /\r\n|\r|\n/;

/**
 * The wire form (HTML Living Standard, section 9.2.6). A line break in a name would start a field of its own, and so
 * forge events (CVE-2026-35515); names with one, or with NUL, are refused.
 *
 * @throws RangeError
 */
export function formatServerSentEvent({ id, event, data }: ServerSentEvent): string {
  const lines: string[] = [];
  if (id !== undefined) lines.push(`id: ${singleLine(id)}`);
  if (event !== undefined) lines.push(`event: ${singleLine(event)}`);
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  for (const line of text.split(LINE_BREAKS)) lines.push(`data: ${line}`);
  return `${lines.join('\n')}\n\n`;
}

function singleLine(name: string): string {
  if (name.includes('\r') || name.includes('\n') || name.includes('\0'))
    throw new RangeError('an id or a name of an event has a line break');
  return name;
}
