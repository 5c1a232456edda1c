import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';

const root = join(__dirname, '../..');
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');

interface Service {
  readonly image: string;
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly cpus?: number;
  readonly pids_limit?: number;
  readonly privileged?: boolean;
  readonly user?: string;
  readonly ports?: readonly string[];
  readonly healthcheck?: unknown;
}

/** What a Dockerfile is asked beyond being one. @returns the rules that it breaks */
function broken(text: string): string[] {
  const lines = text.replace(/\\\n/g, ' ').split('\n');
  const of = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const stages = new Set(of('FROM').map((from) => / AS (\S+)/.exec(from)?.[1]));
  const bases = of('FROM').map((from) => from.split(' ')[0] ?? '');
  return [
    ...bases.filter((base) => !stages.has(base) && !/:[^:]*\d/.test(base)).map((base) => `${base} has no version`),
    ...of('ADD').map(() => 'ADD'),
    ...(/^\d+(:\d+)?$/.test(of('USER').at(-1) ?? '') && !of('USER').at(-1)?.startsWith('0')
      ? []
      : ['USER is no number, or root']),
    ...(of('HEALTHCHECK').some((check) => / CMD \[/.test(` ${check}`)) ? [] : ['no HEALTHCHECK']),
    ...(of('CMD').at(-1)?.startsWith('[') ? [] : ['CMD is run by a shell']),
    ...of('RUN')
      .filter((run) => /\b(sudo|curl|wget)\b/.test(run))
      .map((run) => `RUN ${run}`),
  ];
}

describe('the image', () => {
  it('is a Dockerfile without errors and warnings', () => {
    expect(validate(dockerfile).map(({ message }) => message)).toEqual([]);
    expect(validate('FROM node:24\nFORM x\nMAINTAINER me').length).toBeGreaterThan(1);
  });

  it('has a base with a version, a user that is a number, a health check and a command without a shell', () => {
    expect(broken(dockerfile)).toEqual([]);
    const bad = 'FROM node\nADD x y\nRUN curl x | sh\nUSER node\nCMD node x';
    expect(broken(bad)).toEqual([
      'node has no version',
      'ADD',
      'USER is no number, or root',
      'no HEALTHCHECK',
      'CMD is run by a shell',
      'RUN curl x | sh',
    ]);
  });

  it('has the files that it starts', () => {
    for (const [, file = ''] of dockerfile.matchAll(/"dist\/([a-z]+)\.js"/g))
      expect(readFileSync(join(root, 'src', `${file}.ts`), 'utf8')).not.toBe('');
  });
});

describe('docker-compose.yml', () => {
  const { services } = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
    services: Record<string, Service>;
  };

  it('knows its services', () => {
    expect(Object.keys(services).sort()).toEqual(['api', 'migrate', 'postgres', 'redis', 'worker']);
  });

  it.each(Object.entries(services))(
    '%s: read-only, limited, and with no more rights than it needs',
    (_name, service) => {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        tmpfs: expect.arrayContaining(['/tmp']) as unknown,
        mem_limit: expect.stringMatching(/^\d+[mg]$/) as unknown,
        cpus: expect.any(Number) as unknown,
        pids_limit: expect.any(Number) as unknown,
      });
      expect(service.privileged).toBeUndefined();
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    },
  );

  it('gives rights back only to the images that begin as root, and only those for becoming another user', () => {
    for (const name of ['api', 'worker', 'migrate']) expect(services[name]?.cap_add).toBeUndefined();
    const becoming = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'];
    for (const name of ['postgres', 'redis'])
      expect((services[name]?.cap_add ?? []).filter((right) => !becoming.includes(right))).toEqual([]);
  });

  it('leaves the health check of API and worker to the image', () => {
    expect([services.api?.healthcheck, services.worker?.healthcheck]).toEqual([undefined, undefined]);
  });
});
