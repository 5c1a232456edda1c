import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; --text: #1d2330; --soft: #5b6475; --line: #d9dee7; --page: #fff; --box: #f5f7fa; --link: #1a56b0 }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ef; --soft: #9aa4b5; --line: #313947; --page: #14181f; --box: #1c222c; --link: #8ab4f8 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 46rem; padding: 3rem 1.5rem; background: var(--page); color: var(--text);
  font: 1rem/1.6 system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif }
a { color: var(--link); text-decoration: none }
a:hover { text-decoration: underline }
h1 { margin: .25rem 0 .5rem; font-size: 1.9rem; line-height: 1.25 }
h2 { margin: 2rem 0 .25rem; font-size: 1.1rem }
p { margin: .25rem 0 }
nav, .soft { color: var(--soft) }
code, pre { font: .875rem/1.5 ui-monospace, 'Cascadia Code', Menlo, 'Liberation Mono', monospace }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0; padding: 1rem; background: var(--box); border: 1px solid var(--line); border-radius: .5rem }
table { width: 100%; border-collapse: collapse; margin-top: 1rem }
th { text-align: left; font-weight: 600; color: var(--soft) }
th, td { padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline }
td:first-child { white-space: nowrap }
`;

/** Text that is HTML already. */
export class Markup {
  constructor(readonly text: string) {}
}

// whole, because its hash is that of every character between the tags
const STYLE_ELEMENT = new Markup(`<style>${STYLE}</style>`);

/** The pages' own style by its hash, and nothing else: there is no script in them. */
export const PAGE_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A whole page, in the manner of all of them. */
export function page(title: string, body: Markup): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} – Daybook</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        ${body}
      </body>
    </html>`.text;
}

/** A template of HTML: what is put in is escaped, unless it comes from such a template. */
export function html(parts: TemplateStringsArray, ...values: (string | number | Markup | Markup[])[]): Markup {
  return new Markup(
    parts.reduce((whole, part, index) => {
      const value = values[index - 1] ?? '';
      const inserted = [value].flat().map((item) => (item instanceof Markup ? item.text : escape(String(item))));
      return whole + inserted.join('') + part;
    }),
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
