import { STATUS_CODES } from 'node:http';
import { html, page } from '../../platform/http/pages/page';
import { type ProblemTypeResponse } from './dto/problem-type.dto';

export function problemPage({ code, type, status, title, description, remedy, example }: ProblemTypeResponse): string {
  return page(
    title,
    html`<nav><a href="../problems">Problems</a></nav>
      <h1>${title}</h1>
      <p class="soft"><code>${code}</code> · ${statusLine(status)}</p>
      <h2>What happened</h2>
      <p>${description}</p>
      <h2>How to mend it</h2>
      <p>${remedy}</p>
      <h2>What the answer looks like</h2>
      <pre>
HTTP/1.1 ${statusLine(status)}
Content-Type: application/problem+json

${JSON.stringify(example, undefined, 2)}</pre>
      <p class="soft">Type: <code>${type}</code></p>`,
  );
}

export function problemsPage(types: readonly ProblemTypeResponse[]): string {
  return page(
    'Problems',
    html`<h1>Problems</h1>
      <p>
        Every answer of 400 and above is a problem document (RFC 9457). Programs look at its <code>code</code>, which
        never changes; its <code>type</code> leads here.
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">Code</th>
            <th scope="col">Status</th>
            <th scope="col">Title</th>
          </tr>
        </thead>
        <tbody>
          ${types.map(
            ({ code, status, title }) =>
              html`<tr>
                <td>
                  <a href="problems/${code}"><code>${code}</code></a>
                </td>
                <td>${status}</td>
                <td>${title}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
  );
}

const statusLine = (status: number) => `${status} ${STATUS_CODES[status] ?? ''}`.trim();
