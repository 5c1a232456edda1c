/*
 * The files of a module. Each is what somebody would write by hand after docs/guides/add-a-module.md; `npm test` generates
 * a module with every kind of field and runs all checks on it.
 */

const money = (fields) => fields.filter(({ type }) => type === 'money');
const instants = (fields) => fields.filter(({ type }) => type === 'instant');

/** Columns of a field in the table: money has two. */
const columnsOf = ({ name, column, type, ...rest }) =>
  type === 'money'
    ? [
        { ...rest, name: `${name}Amount`, column: `${column}_amount`, sql: 'numeric(38,0)', entity: 'bigint' },
        { ...rest, name: `${name}Currency`, column: `${column}_currency`, sql: 'text', entity: 'string' },
      ]
    : [{ ...rest, name, column, type }];

const checksOf = ({ table }, fields) =>
  fields.flatMap(({ column, type, check }) => {
    if (type === 'money') return [[`${table}_${column}_check`, `${column}_amount >= 0`]];
    return check ? [[`${table}_${column}_check`, check(column)]] : [];
  });

export function migration({ names, fields, className, imports, file }) {
  const { table } = names;
  const rows = [
    `tenant_id uuid NOT NULL DEFAULT current_tenant_id(),`,
    `id uuid NOT NULL,`,
    ...fields.flatMap(columnsOf).map(({ column, sql, optional }) => `${column} ${sql}${optional ? '' : ' NOT NULL'},`),
    `version integer NOT NULL DEFAULT 1,`,
    `created_at timestamptz NOT NULL DEFAULT tenant_now(),`,
    `updated_at timestamptz NOT NULL DEFAULT tenant_now(),`,
    `PRIMARY KEY (tenant_id, id),`,
    ...fields
      .filter(({ unique }) => unique)
      .map(({ column }) => `CONSTRAINT ${table}_${column}_key UNIQUE (tenant_id, ${column}),`),
    ...money(fields).map(
      ({ column }) =>
        `CONSTRAINT ${table}_${column}_currency_fkey FOREIGN KEY (tenant_id, ${column}_currency) REFERENCES currencies (tenant_id, code),`,
    ),
    ...checksOf(names, fields).map(([name, check]) => `CONSTRAINT ${name} CHECK (${check}),`),
  ];
  const last = rows.length - 1;
  return `${imports(file, {
    packages: { typeorm: ['type QueryRunner'] },
    door: ['MIGRATION_SETTINGS', 'tenantTable', 'type Migration'],
  })}

export class ${className} implements Migration {
  readonly name = '${className}';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(\`\${MIGRATION_SETTINGS}
    CREATE TABLE ${table} (
${rows.map((row, place) => `      ${place === last ? row.replace(/,$/, '') : row}`).join('\n')}
    );${money(fields)
      .map(
        ({ column }) => `\n    CREATE INDEX ${table}_${column}_currency ON ${table} (tenant_id, ${column}_currency);`,
      )
      .join('')}
    \${tenantTable('${table}', 'SELECT, INSERT, UPDATE, DELETE')}\`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
`;
}

export function entity({ names, fields, imports, file }) {
  const { table, Singular, words } = names;
  const uniques = fields.filter(({ unique }) => unique);
  const checks = checksOf(names, fields);
  const columns = fields.flatMap(columnsOf).map(({ name, column, sql, entity: type, optional }) => {
    const options = [
      ...(column === name ? [] : [`name: '${column}'`]),
      `type: '${sql === 'numeric(38,0)' ? 'numeric' : sql}'`,
      ...(sql === 'numeric(38,0)' ? ['precision: 38', 'scale: 0', 'transformer: bigintTransformer'] : []),
      ...(optional ? ['nullable: true'] : []),
    ];
    return `${sql === 'numeric(38,0)' ? '  /** Minor units. */\n' : ''}  @Column({ ${options.join(', ')} })\n  ${name}: ${type}${optional ? ' | null' : ''};\n`;
  });
  return `${imports(file, {
    packages: {
      typeorm: [
        'Column',
        'Entity',
        'PrimaryColumn',
        ...(checks.length > 0 ? ['Check'] : []),
        ...(uniques.length > 0 ? ['Unique'] : []),
        ...(money(fields).length > 0 ? ['ForeignKey', 'Index'] : []),
      ],
    },
    door: [
      'TENANT_ID_COLUMN',
      'TENANT_NOW',
      'VERSION_COLUMN',
      ...(money(fields).length > 0 ? ['bigintTransformer'] : []),
    ],
  })}

/** One of the tenant’s ${words}. */
@Entity('${table}')
${uniques.map(({ name, column }) => `@Unique('${table}_${column}_key', ['tenantId', '${name}'])\n`).join('')}${money(
    fields,
  )
    .map(
      ({ name, column }) =>
        `@Index('${table}_${column}_currency', ['tenantId', '${name}Currency'])\n@ForeignKey('currencies', ['tenantId', '${name}Currency'], ['tenantId', 'code'], { name: '${table}_${column}_currency_fkey' })\n`,
    )
    .join('')}${checks.map(([name, check]) => `@Check('${name}', \`${check}\`)\n`).join('')}export class ${Singular} {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

${columns.join('\n')}
  @Column(VERSION_COLUMN)
  version: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: TENANT_NOW })
  updatedAt: Date;
}
`;
}

export function dto({ names, fields, imports, file }) {
  const { Singular } = names;
  const writers = money(fields).length > 0;
  const api = (field, optional) => {
    const nullable = field.optional ? ['nullable: true'] : [];
    if (field.type === 'money')
      return `@Api${optional ? 'PropertyOptional' : 'Property'}({ type: () => Money${nullable.map((each) => `, ${each}`).join('')} })`;
    const typed = /^type:/.test(field.property[0] ?? '');
    const type = field.optional && !typed ? [`type: '${field.request}'`] : [];
    const options = [...type, ...field.property, ...nullable, `example: ${field.example}`];
    return `@Api${optional ? 'PropertyOptional' : 'Property'}({ ${options.join(', ')} })`;
  };
  const rules = (field, change) => {
    const absent = field.optional ? ['@IsOptional()'] : change ? ['@MayBeAbsent()'] : [];
    // without it nothing at all would be taken for a nested object
    const defined = field.optional ? [] : ['@IsDefined()'];
    const own = field.type === 'money' ? [...defined, '@ValidateNested()', '@Type(() => Money)'] : field.rules;
    return [api(field, change || field.optional), ...absent, ...own].map((line) => `  ${line}\n`).join('');
  };
  const propertyOf = (field, change) =>
    `${rules(field, change)}  ${field.name}${change || field.optional ? '?' : ''}: ${field.request}${field.optional ? ' | null' : ''};\n`;
  const shown = fields.map(
    (field) => `  ${api(field, false)}\n  ${field.name}: ${field.request}${field.optional ? ' | null' : ''};\n`,
  );
  const validators = fields.flatMap(({ validators: own = [], type, optional: isOptional }) => [
    ...own,
    ...(type === 'money' ? ['ValidateNested', ...(isOptional ? [] : ['IsDefined'])] : []),
  ]);
  const optional = fields.some((field) => field.optional);
  const valueOf = ({ name, type, optional: may }) => {
    const source = `${names.singularCamel}.${name}`;
    if (type === 'instant') return may ? `${source} && formatInstant(${source})` : `formatInstant(${source})`;
    if (type !== 'money') return source;
    const pair = `{ amount: ${source}Amount, currency: ${source}Currency }`;
    return may ? `${source}Amount === null || ${source}Currency === null ? null : money(${pair})` : `money(${pair})`;
  };
  return `${imports(file, {
    packages: {
      '@nestjs/swagger': ['ApiProperty', 'ApiPropertyOptional'],
      'class-transformer': writers ? ['Type'] : [],
      'class-validator': [...validators, ...(optional ? ['IsOptional'] : [])],
    },
    door: [
      'formatInstant',
      'PageOf',
      ...fields.flatMap(({ door = [] }) => door),
      ...(fields.every((field) => field.optional) ? [] : ['MayBeAbsent']),
      ...(writers ? ['type StoredMoney'] : []),
    ],
    local: { [`../entities/${names.singular}.entity`]: [`type ${Singular}`] },
  })}

export class Create${Singular}Request {
${fields.map((field) => propertyOf(field, false)).join('\n')}}

/** Fields that are not sent stay as they are. */
export class Update${Singular}Request {
${fields.map((field) => propertyOf(field, true)).join('\n')}}

export class ${Singular}Response {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b05' })
  id: string;

${shown.join('\n')}
  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  updatedAt: string;

  static of(${names.singularCamel}: ${Singular}${writers ? ', money: (stored: StoredMoney) => Money' : ''}): ${Singular}Response {
    return {
      id: ${names.singularCamel}.id,
${fields.map((field) => `      ${field.name}: ${valueOf(field)},`).join('\n')}
      createdAt: formatInstant(${names.singularCamel}.createdAt),
      updatedAt: formatInstant(${names.singularCamel}.updatedAt),
    };
  }
}

export class ${Singular}Page extends PageOf(${Singular}Response) {}
`;
}

export function dtoSpec({ names, fields, imports, file }) {
  const { Singular } = names;
  return `${imports(file, {
    packages: { 'class-transformer': ['plainToInstance'], 'class-validator': ['validateSync'] },
    local: { [`./${names.singular}.dto`]: [`Create${Singular}Request`, `Update${Singular}Request`] },
  })}

const n = 1;
const VALID = {
${fields.map(({ name, sample }) => `  ${name}: ${sample},`).join('\n')}
};

/** Names of the fields that are refused. */
const refused = (type: new () => object, body: object): string[] =>
  validateSync(plainToInstance(type, body), { whitelist: true, forbidNonWhitelisted: true }).map(
    ({ property }) => property,
  );

describe('requests for ${names.words}', () => {
  it('take what is right', () => {
    expect(refused(Create${Singular}Request, VALID)).toEqual([]);
    expect(refused(Update${Singular}Request, {})).toEqual([]);
  });

  it.each([
${fields.map(({ name, wrong }) => `    ['${name}', ${wrong}],`).join('\n')}
    ['unknown', 1],
  ])('refuse a wrong %s', (name, value: unknown) => {
    expect(refused(Create${Singular}Request, { ...VALID, [name]: value })).toEqual([name]);
    expect(refused(Update${Singular}Request, { [name]: value })).toEqual([name]);
  });

  it.each([${fields
    .filter(({ optional }) => !optional)
    .map(({ name }) => `'${name}'`)
    .join(', ')}])('need %s, and it cannot be taken away', (name) => {
    expect(refused(Create${Singular}Request, { ...VALID, [name]: undefined })).toEqual([name]);
    expect(refused(Update${Singular}Request, { [name]: null })).toEqual([name]);
  });
});
`;
}

export function errors({ names, imports, file }) {
  const { constant, word, words, plural } = names;
  const title = word.replace(/^./, (letter) => letter.toUpperCase());
  return `${imports(file, { door: ['defineProblem'] })}

export const ${constant}_NOT_FOUND = defineProblem({
  code: '${names.singular}-not-found',
  status: 404,
  title: '${title} not found',
  description: 'This tenant has no ${word} with the id.',
  remedy: 'List the ${words} with GET /v1/${plural}.',
});
`;
}

export function service({ names, fields, imports, file }) {
  const { Singular, Plural, singular, singularCamel, plural, pluralCamel, constant, word } = names;
  const writers = money(fields).length > 0;
  const special = [...money(fields), ...instants(fields)];
  const plain = special.length === 0;
  const columnOf = ({ name, type, optional }) => {
    if (type === 'instant') {
      const parsed = `parseInstant(${name})`;
      return `...(${name} === undefined ? {} : { ${name}: ${optional ? `${name} === null ? null : ${parsed}` : parsed} }),`;
    }
    const stored = `${name}Stored`;
    return optional
      ? `...(${name} === undefined ? {} : { ${name}Amount: ${stored}?.amount ?? null, ${name}Currency: ${stored}?.currency ?? null }),`
      : `...(${stored} && { ${name}Amount: ${stored}.amount, ${name}Currency: ${stored}.currency }),`;
  };
  const stored = money(fields).map(
    ({ name }) => `    const ${name}Stored = ${name} && (await this.currencies.storedMoney(${name}, '/${name}'));\n`,
  );
  const raises = writers ? '. @throws Problem `unknown-currency`, `amount-precision`, `amount-out-of-range`' : '';
  const taken = [...special.map(({ name }) => name), '...plain'].join(', ');
  const body = plain
    ? '    return plain;'
    : `${stored.join('')}    return {
      ...plain,
${special.map((field) => `      ${columnOf(field)}`).join('\n')}
    };`;
  const columns = `
  /** What the request says, as it is kept${writers ? raises : '.'} */
  private ${writers ? 'async ' : ''}columnsOf({ ${taken} }: Update${Singular}Request) {
${body}
  }
`;
  const given = (request) => (writers ? `await this.columnsOf(${request})` : `this.columnsOf(${request})`);
  const codes = money(fields)
    .map(({ name, optional }) => `row.${name}Currency${optional ? ' ?? []' : ''}`)
    .join(', ');
  const responses = writers
    ? `
  /** With amounts in the decimals of their currencies. */
  async responsesOf(rows: readonly ${Singular}[]): Promise<${Singular}Response[]> {
    const money = await this.currencies.moneyWriter(rows.flatMap((row) => [${codes}].flat()));
    return rows.map((row) => ${Singular}Response.of(row, money));
  }

  async responseOf(${singularCamel}: ${Singular}): Promise<${Singular}Response> {
    const [response] = await this.responsesOf([${singularCamel}]);
    return response as ${Singular}Response;
  }
`
    : '';
  const list = writers
    ? `
  /** Oldest first: ids are UUIDv7, so they are in the order of time. */
  async list(query: PageQuery): Promise<Page<${Singular}Response>> {
    const { items, ...page } = await this.cursors.page(
      '${plural}',
      query,
      {},
      (start) => this.read(start),
      ({ id }) => [id],
      (${singularCamel}) => ${singularCamel},
    );
    return { ...page, items: await this.responsesOf(items) };
  }
`
    : `
  /** Oldest first: ids are UUIDv7, so they are in the order of time. */
  list(query: PageQuery): Promise<Page<${Singular}Response>> {
    return this.cursors.page(
      '${plural}',
      query,
      {},
      (start) => this.read(start),
      ({ id }) => [id],
      (${singularCamel}) => ${singularCamel === 'response' ? 'response' : `${Singular}Response.of(${singularCamel})`},
    );
  }
`;
  return `${imports(file, {
    packages: {
      '@nestjs/common': ['Injectable'],
      '@nestjs/typeorm': ['InjectRepository'],
      typeorm: ['LessThan', 'MoreThan', 'Repository'],
    },
    door: [
      'CursorService',
      'type Page',
      'type PageQuery',
      'type PageStart',
      'Problem',
      'TENANT_NOW',
      'uuidv7',
      'versionMismatch',
      ...(instants(fields).length > 0 ? ['parseInstant'] : []),
      ...(writers ? ['CurrenciesService'] : []),
    ],
    local: {
      [`./dto/${singular}.dto`]: [
        `type Create${Singular}Request`,
        `${Singular}Response`,
        `type Update${Singular}Request`,
      ],
      [`./entities/${singular}.entity`]: [Singular],
      [`./${plural}.errors`]: [`${constant}_NOT_FOUND`],
    },
  })}

/** The tenant’s ${names.words}, in the caller’s transaction. */
@Injectable()
export class ${Plural}Service {
  constructor(
    @InjectRepository(${Singular}) private readonly ${pluralCamel}: Repository<${Singular}>,
    private readonly cursors: CursorService,${writers ? '\n    private readonly currencies: CurrenciesService,' : ''}
  ) {}

  /** What is unique and taken is answered 409: the key names its field. */
  async create(request: Create${Singular}Request): Promise<${Singular}> {
    const id = uuidv7();
    await this.${pluralCamel}.insert({ id, ...(${given('request')}) });
    return this.get(id);
  }

  /** @throws Problem \`${singular}-not-found\` */
  async get(id: string): Promise<${Singular}> {
    const ${singularCamel} = await this.${pluralCamel}.findOneBy({ id });
    if (!${singularCamel}) throw new Problem(${constant}_NOT_FOUND, 'This tenant has no ${word} with this id.');
    return ${singularCamel};
  }

  /**
   * @param expected the version that the caller saw
   * @throws Problem \`${singular}-not-found\`, \`precondition-failed\`
   */
  async update(id: string, expected: number | '*', change: Update${Singular}Request): Promise<${Singular}> {
    const { version } = await this.seen(id, expected);
    const { affected } = await this.${pluralCamel}.update({ id, version }, { ...(${given('change')}), version: version + 1, updatedAt: TENANT_NOW });
    if (affected !== 1) throw versionMismatch();
    return this.get(id);
  }

  /** @throws Problem \`${singular}-not-found\`, \`precondition-failed\` */
  async remove(id: string, expected: number | '*'): Promise<void> {
    const { version } = await this.seen(id, expected);
    const { affected } = await this.${pluralCamel}.delete({ id, version });
    if (affected !== 1) throw versionMismatch();
  }
${list}${responses}
  private read({ direction, key, limit }: PageStart): Promise<${Singular}[]> {
    const forward = direction === 'next';
    return this.${pluralCamel}.find({
      where: key?.[0] === undefined ? {} : { id: forward ? MoreThan(key[0]) : LessThan(key[0]) },
      order: { id: forward ? 'ASC' : 'DESC' },
      take: limit + 1,
    });
  }

  private async seen(id: string, expected: number | '*'): Promise<${Singular}> {
    const ${singularCamel} = await this.get(id);
    if (expected !== '*' && expected !== ${singularCamel}.version) throw versionMismatch();
    return ${singularCamel};
  }
${columns}}
`;
}

export function controller({ names, fields, imports, file }) {
  const { Singular, Plural, singular, singularCamel, plural, pluralCamel, constant, word, words, a } = names;
  const writers = money(fields).length > 0;
  const shown = (value) => (writers ? `this.${pluralCamel}.responseOf(${value})` : `${Singular}Response.of(${value})`);
  const refusals = writers ? ['UNKNOWN_CURRENCY', 'AMOUNT_PRECISION', 'AMOUNT_OUT_OF_RANGE'] : [];
  const conflict = fields.some(({ unique }) => unique) ? ['CONFLICT'] : [];
  return `${imports(file, {
    packages: {
      '@nestjs/common': ['Body', 'Controller', 'Delete', 'Get', 'HttpCode', 'Patch', 'Post', 'Query', 'Req', 'Res'],
      '@nestjs/swagger': ['ApiCreatedResponse', 'ApiNoContentResponse', 'ApiOkResponse', 'ApiOperation', 'ApiTags'],
      fastify: ['type FastifyReply', 'type FastifyRequest'],
    },
    door: [
      'ApiIfMatch',
      'ApiProblems',
      'ETAG_HEADER',
      'expectedVersion',
      'Idempotent',
      'PageQuery',
      'PRECONDITION_FAILED',
      'PRECONDITION_REQUIRED',
      'RequirePermission',
      'setEtag',
      'UuidParam',
      ...conflict,
      ...refusals,
    ],
    local: {
      [`./dto/${singular}.dto`]: [
        `Create${Singular}Request`,
        `${Singular}Page`,
        `${Singular}Response`,
        `Update${Singular}Request`,
      ],
      [`./${plural}.errors`]: [`${constant}_NOT_FOUND`],
      [`./${plural}.service`]: [`${Plural}Service`],
    },
  })}

@ApiTags('${Plural}')
@Controller('${plural}')
export class ${Plural}Controller {
  constructor(private readonly ${pluralCamel}: ${Plural}Service) {}

  @Post()
  @ApiOperation({ summary: 'Create ${a} ${word}', description: 'It belongs to the caller’s tenant.' })
  @ApiCreatedResponse({ type: ${Singular}Response, headers: ETAG_HEADER })
  @ApiProblems(${[...conflict, ...refusals].join(', ')})
  @Idempotent('required')
  @RequirePermission('${plural}:write')
  async create(
    @Body() request: Create${Singular}Request,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<${Singular}Response> {
    const ${singularCamel} = await this.${pluralCamel}.create(request);
    reply.header('location', \`/v1/${plural}/\${${singularCamel}.id}\`);
    setEtag(reply, ${singularCamel}.version);
    return ${shown(singularCamel)};
  }

  @Get()
  @ApiOperation({ summary: 'List ${words}', description: 'Oldest first.' })
  @ApiOkResponse({ type: ${Singular}Page })
  @ApiProblems()
  @RequirePermission('${plural}:read')
  list(@Query() query: PageQuery): Promise<${Singular}Page> {
    return this.${pluralCamel}.list(query);
  }

  @Get(':${singularCamel}Id')
  @ApiOperation({ summary: 'Read ${a} ${word}', description: 'The ETag is what a change asks for in If-Match.' })
  @ApiOkResponse({ type: ${Singular}Response, headers: ETAG_HEADER })
  @ApiProblems(${constant}_NOT_FOUND)
  @RequirePermission('${plural}:read')
  async get(
    @UuidParam('${singularCamel}Id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<${Singular}Response> {
    const ${singularCamel} = await this.${pluralCamel}.get(id);
    setEtag(reply, ${singularCamel}.version);
    return ${shown(singularCamel)};
  }

  @Patch(':${singularCamel}Id')
  @ApiOperation({ summary: 'Change ${a} ${word}', description: 'Fields that are not sent stay as they are.' })
  @ApiIfMatch()
  @ApiOkResponse({ type: ${Singular}Response, headers: ETAG_HEADER })
  @ApiProblems(${[`${constant}_NOT_FOUND`, ...conflict, ...refusals, 'PRECONDITION_FAILED', 'PRECONDITION_REQUIRED'].join(', ')})
  @RequirePermission('${plural}:write')
  async update(
    @UuidParam('${singularCamel}Id') id: string,
    @Body() change: Update${Singular}Request,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<${Singular}Response> {
    const ${singularCamel} = await this.${pluralCamel}.update(id, expectedVersion(request), change);
    setEtag(reply, ${singularCamel}.version);
    return ${shown(singularCamel)};
  }

  @Delete(':${singularCamel}Id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove ${a} ${word}', description: 'It is gone for good.' })
  @ApiIfMatch()
  @ApiNoContentResponse({ description: 'Removed.' })
  @ApiProblems(${constant}_NOT_FOUND, PRECONDITION_FAILED, PRECONDITION_REQUIRED)
  @RequirePermission('${plural}:write')
  remove(@UuidParam('${singularCamel}Id') id: string, @Req() request: FastifyRequest): Promise<void> {
    return this.${pluralCamel}.remove(id, expectedVersion(request));
  }
}
`;
}

export function job({ names, imports, file }) {
  const { Singular, Plural, singular, plural, words } = names;
  return `${imports(file, {
    packages: { '@nestjs/typeorm': ['InjectRepository'], typeorm: ['MoreThan', 'Repository'] },
    door: ['type JobContext', 'type JobHandler', 'JobKind', 'NoPayload', 'TenantDatabase'],
    local: { [`../entities/${singular}.entity`]: [Singular] },
  })}

/** Records that one transaction reads. */
const SLICE = 500;

export interface Count${Plural}Result {
  readonly count: number;
}

/** Looks at every record, a slice at a time: a job may be stopped between two, and no transaction lasts long. */
@JobKind({ name: '${plural}.count', description: 'Counts ${words}.', payload: NoPayload })
export class Count${Plural}Kind implements JobHandler {
  constructor(
    private readonly database: TenantDatabase,
    @InjectRepository(${Singular}) private readonly ${names.pluralCamel}: Repository<${Singular}>,
  ) {}

  async run(context: JobContext): Promise<Count${Plural}Result> {
    const { tenantId, signal } = context;
    const total = await this.database.run(tenantId, 'read', () => this.${names.pluralCamel}.count());
    let count = 0;
    for (let last: string | undefined; ;) {
      signal.throwIfAborted();
      const rows = await this.database.run(tenantId, 'read', () => this.after(last));
      count += rows.length;
      await context.progress(total === 0 ? 100 : Math.min(100, (100 * count) / total), \`\${count} of \${total}\`);
      last = rows.at(-1)?.id;
      if (rows.length < SLICE) return { count };
    }
  }

  private after(id: string | undefined): Promise<${Singular}[]> {
    return this.${names.pluralCamel}.find({
      where: id === undefined ? {} : { id: MoreThan(id) },
      order: { id: 'ASC' },
      take: SLICE,
    });
  }
}
`;
}

export function featureModule({ names, fields, withJob, className, migrationFile, compatibility, imports, file }) {
  const { Singular, Plural, singular, plural, words } = names;
  const writers = money(fields).length > 0;
  return `${imports(file, {
    door: ['BOOKKEEPERS', 'EVERYBODY', 'Feature', ...(writers ? ['TransactionsModule'] : [])],
    local: {
      [`./${plural}.controller`]: [`${Plural}Controller`],
      [`./${plural}.service`]: [`${Plural}Service`],
      [`./entities/${singular}.entity`]: [Singular],
      [`./migrations/${migrationFile}`]: [className],
      ...(withJob ? { [`./jobs/count-${plural}.kind`]: [`Count${Plural}Kind`] } : {}),
    },
  })}

@Feature({${compatibility ? `\n  compatibility: '${compatibility}',` : ''}
  entities: [${Singular}],
  migrations: [${className}],
  permissions: {
    '${plural}:read': { description: 'See ${words}.', roles: EVERYBODY },
    '${plural}:write': { description: 'Make, change and remove ${words}.', roles: BOOKKEEPERS },
  },
  tags: { ${Plural}: 'The ${words} of the tenant.' },
${writers ? '\n  imports: [TransactionsModule],' : ''}
  controllers: [${Plural}Controller],
  providers: [${Plural}Service${withJob ? `, Count${Plural}Kind` : ''}],
  exports: [${Plural}Service],
})
export class ${Plural}Module {}
`;
}

export function index({ names }) {
  const { Plural, plural } = names;
  return `export { ${Plural}Module } from './${plural}.module';\n`;
}

export function e2e({ names, fields, withJob, testing, application }) {
  const { plural, words } = names;
  const unique = fields.find((field) => field.unique);
  const first = fields.find(({ optional }) => !optional);
  const wrongPointer = (field) => (field.type === 'money' ? `/${field.name}/amount` : `/${field.name}`);
  return `import { daybook } from '${application}';
import { startTestApp, type TestApp, type TestTenant${withJob ? ', until' : ''} } from '${testing}';

let app: TestApp;
let owner: TestTenant;
beforeAll(async () => {
  app = await startTestApp({ module: daybook.workerModule, env: { JOBS_SWEEP_INTERVAL_MS: '100' } });
  owner = await app.createTenantWithOwner();
});
afterAll(() => app.close());

/** The ${names.word} number n. */
const ${names.singularCamel} = (n: number) => ({
${fields.map(({ name, sample }) => `  ${name}: ${sample},`).join('\n')}
});
const create = (body: object, token = owner.token, headers: Record<string, string> = {}) =>
  app.request('POST', '/v1/${plural}', { token, body, headers });
const made = async (n: number, token = owner.token) => {
  const answer = await create(${names.singularCamel}(n), token);
  if (answer.status !== 201) throw new Error(\`\${answer.status} \${answer.text}\`);
  return { path: answer.headers.get('location') ?? '', etag: answer.headers.get('etag') ?? '', body: answer.body };
};

describe('${words}', () => {
  it('are made, read, changed and removed', async () => {
    const { path, etag, body } = await made(1);
    expect(body).toMatchObject(${names.singularCamel}(1));
    const read = await app.request('GET', path, { token: owner.token });
    expect([read.status, read.body, read.headers.get('etag')]).toEqual([200, body, etag]);

    const { ${first.name} } = ${names.singularCamel}(2);
    const headers = { 'if-match': etag };
    const changed = await app.request('PATCH', path, { token: owner.token, headers, body: { ${first.name} } });
    expect([changed.status, changed.body]).toMatchObject([200, { ...${names.singularCamel}(1), ${first.name} }]);

    const gone = await app.request('DELETE', path, {
      token: owner.token,
      headers: { 'if-match': changed.headers.get('etag') ?? '' },
    });
    expect(gone.status).toBe(204);
    expect((await app.request('GET', path, { token: owner.token })).status).toBe(404);
  });

  it('are changed only by who has seen their last version', async () => {
    const { path, etag } = await made(3);
    const { ${first.name} } = ${names.singularCamel}(4);
    const change = (headers: Record<string, string>) =>
      app.request('PATCH', path, { token: owner.token, headers, body: { ${first.name} } });
    expect((await change({})).status).toBe(428);
    const answers = await Promise.all([change({ 'if-match': etag }), change({ 'if-match': etag })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    const removal = await app.request('DELETE', path, { token: owner.token, headers: { 'if-match': etag } });
    expect(removal.status).toBe(412);
  });

  it('come in pages, oldest first', async () => {
    const { token } = await app.createTenantWithOwner();
    const ids = [];
    for (const n of [1, 2, 3]) ids.push((await made(n, token)).body.id);
    const page = await app.request('GET', '/v1/${plural}?limit=2', { token });
    const rest = await app.request('GET', \`/v1/${plural}?limit=2&cursor=\${page.body.next}\`, { token });
    const idsOf = (answer: typeof page) => (answer.body.items as { id: string }[]).map(({ id }) => id);
    expect([idsOf(page), idsOf(rest)]).toEqual([ids.slice(0, 2), ids.slice(2)]);
    expect(rest.body.next).toBeNull();
    const back = await app.request('GET', \`/v1/${plural}?limit=2&cursor=\${rest.body.previous}\`, { token });
    expect(back.body.items).toEqual(page.body.items);
  });

  it('are made once per Idempotency-Key', async () => {
    const headers = { 'idempotency-key': '${plural}-5' };
    const [first, again] = [await create(${names.singularCamel}(5), owner.token, headers), await create(${names.singularCamel}(5), owner.token, headers)];
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await create(${names.singularCamel}(6), owner.token, headers)).status).toBe(422);
    expect((await create(${names.singularCamel}(6), owner.token, { 'idempotency-key': '' })).status).toBe(400);
  });

  it('are seen by their own tenant only, and another’s ids are like those that do not exist', async () => {
    const { path, etag } = await made(7);
    const { token } = await app.createTenantWithOwner();
    const nobody = '/v1/${plural}/01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00';
    const headers = { 'if-match': etag };
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const ask = async (url: string) => {
        const { status, body } = await app.request(method, url, { token, headers, ...(method === 'PATCH' ? { body: {} } : {}) });
        return { status, ...body, traceId: undefined };
      };
      const answer = await ask(path);
      expect(answer).toEqual(await ask(nobody));
      expect(answer.status).toBe(404);
    }
    expect((await app.request('GET', '/v1/${plural}', { token })).body.items).toEqual([]);
    expect((await app.request('GET', path, { token: owner.token })).status).toBe(200);
  });

  it('are seen by every member, and written by those who keep the books', async () => {
    const { path } = await made(8);
    const [viewer, accountant] = [await app.signIn('viewer', owner.tenantId), await app.signIn('accountant', owner.tenantId)];
    expect((await app.request('GET', path, { token: viewer.token })).status).toBe(200);
    expect((await create(${names.singularCamel}(9), viewer.token)).status).toBe(403);
    expect((await create(${names.singularCamel}(9), accountant.token)).status).toBe(201);
    expect((await app.request('GET', path)).status).toBe(401);
  });

  it.each([
${fields.map((field) => `    ['${wrongPointer(field)}', { ${field.name}: ${field.wrong} }],`).join('\n')}
    ['/unknown', { unknown: 1 }],
  ])('with a wrong %s are refused', async (pointer, wrong) => {
    const { status, body } = await create({ ...${names.singularCamel}(10), ...wrong });
    expect([status, body.errors]).toMatchObject([400, [{ pointer }]]);
  });
${
  unique
    ? `
  it('with a ${unique.label.toLowerCase()} that is taken are refused, and that is said of the field', async () => {
    await made(11);
    const { status, body } = await create(${names.singularCamel}(11));
    expect([status, body.errors]).toMatchObject([409, [{ pointer: '/${unique.name}' }]]);
    // another tenant’s is its own affair
    expect((await create(${names.singularCamel}(11), (await app.createTenantWithOwner()).token)).status).toBe(201);
  });
`
    : ''
}${
    withJob
      ? `
  it('are counted by a job', async () => {
    const { token } = await app.createTenantWithOwner();
    for (const n of [1, 2]) await made(n, token);
    const { status, body } = await app.request('POST', '/v1/jobs', { token, body: { kind: '${plural}.count', payload: {} } });
    expect(status).toBeLessThan(300);
    const job = await until('the job has ended', async () => {
      const answer = await app.request('GET', \`/v1/jobs/\${body.id}\`, { token });
      return answer.body.finishedAt !== null && answer.body;
    });
    expect(job).toMatchObject({ state: 'succeeded', progress: 100, result: { count: 2 } });
  });
`
      : ''
  }});
`;
}
