/** What to do now that it runs. */
export function welcome({ port, demo, dataFolder, embedded }) {
  const base = `http://localhost:${port}`;
  const lines = [
    ['API', `${base}/v1`],
    ['Documentation', `${base}/docs    ${base}/reference`],
    ['Jobs', `${base}/admin/queues`],
    ...(demo
      ? [
          ['Demo login', `${demo.email}    ${demo.password}    (tenant ${demo.tenant})`],
          ['Demo API key', demo.apiKey],
        ]
      : []),
    ['Stop', 'Ctrl-C'],
    ...(embedded ? [['Start afresh', `npm start -- --fresh    (discards the data in ${dataFolder})`]] : []),
  ];
  const table = lines.map(([name, value]) => `  ${name.padEnd(15)}${value}`).join('\n');
  return `\nDaybook is running.\n\n${table}\n${demo ? firstRequest(base, demo) : ''}`;
}

function firstRequest(base, { apiKey }) {
  return `
Try it: make a ledger. The README goes on from there.

  curl -s ${base}/v1/ledgers -H 'authorization: Bearer ${apiKey}' \\
    -H 'content-type: application/json' -H 'idempotency-key: my-first-ledger' -d '{"name":"My first ledger"}'
`;
}
