import { type DynamicModule, type Type } from '@nestjs/common';
import { satisfies, validRange } from 'semver';
import { type ObjectLiteral } from 'typeorm';
import { type Role, ROLES } from '../security/roles';
import { isPlatform } from './permissions';
import { VERSION } from '../../version';
import { type CatalogKnowledge, type Migration, partsOf, type PermissionOptions } from './feature';

type MigrationClass = new () => Migration;

/** The list of features that an application is made of, and what follows from it. */
export class Features {
  readonly entities: readonly (new () => ObjectLiteral)[];
  /** In the order of their time. */
  readonly migrations: readonly MigrationClass[];
  readonly permissions: ReadonlyMap<string, PermissionOptions>;
  readonly tags: ReadonlyMap<string, string>;
  readonly catalog: Required<CatalogKnowledge>;
  /** Besides the features, in processes that run jobs. */
  readonly workers: readonly DynamicModule[];
  private readonly ofRoles: ReadonlyMap<Role, ReadonlySet<string>>;
  private readonly ofPlatform: ReadonlySet<string>;

  /**
   * @param version of Daybook, which they have to be made for
   * @throws Error when two features bring the same, or one is made for another version; in a sentence
   */
  constructor(
    readonly modules: readonly Type[],
    version = VERSION,
  ) {
    const parts = modules.map((module) => ({ by: module.name, ...partsOf(module) }));
    for (const { by, compatibility } of parts) assertCompatible(by, compatibility, version);
    this.entities = once('the entity', parts, ({ entities = [] }) => entities.map((each) => [each.name, each]));
    this.migrations = [
      ...once('the migration', parts, ({ migrations = [] }) => migrations.map((each) => [each.name, each])),
    ].sort((one, other) => timeOf(one) - timeOf(other));
    const entries = <T>(what: string, of: (part: (typeof parts)[number]) => Readonly<Record<string, T>> | undefined) =>
      new Map(once(what, parts, (part) => Object.entries(of(part) ?? {}).map((entry) => [entry[0], entry])));
    this.permissions = entries('the permission', ({ permissions }) => permissions);
    this.tags = entries('the tag', ({ tags }) => tags);
    const known = (name: Exclude<keyof CatalogKnowledge, 'platformTables'>) =>
      parts.flatMap(({ catalog }) => catalog?.[name] ?? []);
    this.catalog = {
      platformTables: Object.assign({}, ...parts.map(({ catalog }) => catalog?.platformTables)) as Record<
        string,
        string
      >,
      systemFunctions: known('systemFunctions'),
      immutableTables: known('immutableTables'),
      guardTriggers: known('guardTriggers'),
      signedAmounts: known('signedAmounts'),
      systemGrants: known('systemGrants'),
    };
    this.workers = modules.flatMap((module) => {
      const { worker } = partsOf(module);
      // a class of its own for each: Nest knows modules by their class
      return worker ? [{ module: nameless(), imports: [module], ...worker }] : [];
    });
    const names = [...this.permissions];
    this.ofRoles = new Map(
      ROLES.map((role) => [role, new Set(names.filter(([, { roles }]) => roles.includes(role)).map(([name]) => name))]),
    );
    this.ofPlatform = new Set(names.map(([name]) => name).filter(isPlatform));
  }

  /** What a member of this role may do in a tenant; undefined: somebody without one. */
  permissionsOf(role: Role | undefined, platformAdmin: boolean): ReadonlySet<string> {
    const ofRole = (role && this.ofRoles.get(role)) ?? new Set();
    return platformAdmin ? new Set([...ofRole, ...this.ofPlatform]) : ofRole;
  }
}

function assertCompatible(by: string, range: string | undefined, version: string): void {
  if (range === undefined) return;
  if (validRange(range) === null)
    throw new Error(`the compatibility of ${by}, "${range}", is no range of versions, such as "^${version}"`);
  if (!satisfies(version, range, { includePrerelease: true }))
    throw new Error(
      `${by} is made for Daybook ${range}, and this is ${version}: install a version of it that is made for this one, or try it and change its compatibility`,
    );
}

function nameless(): Type {
  // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- Nest's modules are classes
  return class {};
}

function once<Part extends { readonly by: string }, T>(
  what: string,
  parts: readonly Part[],
  of: (part: Part) => readonly (readonly [name: string, value: T])[],
): T[] {
  const owners = new Map<string, string>();
  return parts.flatMap((part) =>
    of(part).map(([name, value]) => {
      const owner = owners.get(name);
      if (owner !== undefined) throw new Error(`${what} ${name} is brought by ${owner} and by ${part.by}`);
      owners.set(name, part.by);
      return value;
    }),
  );
}

/** Milliseconds since 1970. @throws Error of a class that is not named by its time, as TypeORM orders them by it */
function timeOf({ name }: MigrationClass): number {
  const time = /\d{13}$/.exec(name)?.[0];
  if (time === undefined)
    throw new Error(`the migration ${name} must end with the 13 digits of its time: Invoices1795400000000`);
  return Number(time);
}
