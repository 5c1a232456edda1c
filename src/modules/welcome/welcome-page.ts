import { html, page } from '../../platform/http/pages/page';
import { type WelcomeResponse } from './dto/welcome.dto';

/** What a link is for; the first line is for people who only look. */
const PURPOSE: Readonly<Record<string, string>> = {
  reference: 'Read about every operation.',
  docs: 'Try operations out.',
  openapi: 'The description of the API, for programs.',
  problems: 'What every error means, and how to mend it.',
  ready: 'Whether this process can serve.',
};

export function welcomePage({ name, description, links }: WelcomeResponse): string {
  const shown = Object.entries(links).filter(([link]) => link in PURPOSE);
  return page(
    'Welcome',
    html`<h1>${name}</h1>
      <p>${description}</p>
      <table>
        <tbody>
          ${shown.map(
            ([link, address]) =>
              html`<tr>
                <td><a href="${address}">${new URL(address).pathname}</a></td>
                <td>${PURPOSE[link] ?? ''}</td>
              </tr>`,
          )}
        </tbody>
      </table>
      <h2>Sign in</h2>
      <p>Programs and people get a token with an e-mail address and a password, and send it with every request.</p>
      <pre>
curl ${links.signIn ?? ''} \\
  -H 'content-type: application/json' \\
  -d '{"email":"you@example.com","password":"…"}'</pre>`,
  );
}
