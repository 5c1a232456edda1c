/** What to do now that it runs. */
export function welcome({ port, demo, dataFolder, embedded }) {
  const base = `http://localhost:${port}`;
  const lines = [
    ['API', `${base}/v1`],
    ['Documentation', `${base}/docs    ${base}/reference`],
    ['Jobs', `${base}/admin/queues`],
    ...(demo ? [['Demo login', `${demo.email}    ${demo.password}    (tenant ${demo.tenant})`]] : []),
    ['Stop', 'Ctrl-C'],
    ...(embedded ? [['Start afresh', `npm start -- --fresh    (discards the data in ${dataFolder})`]] : []),
  ];
  const table = lines.map(([name, value]) => `  ${name.padEnd(15)}${value}`).join('\n');
  return `\nDaybook is running.\n\n${table}\n${demo ? firstRequest(base, demo) : ''}`;
}

function firstRequest(base, { email, password }) {
  const body = JSON.stringify({ email, password }).replaceAll("'", "'\\''");
  return `
Try it: sign in, and use the accessToken of the answer as a bearer token.

  curl -s ${base}/v1/auth/sign-in -H 'content-type: application/json' -d '${body}'
`;
}
