import { Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { type MigrationInterface, type ObjectLiteral } from 'typeorm';
import { RepositoriesModule } from '../database/repositories';
import { type Role } from '../security/roles';

/** What one may be allowed to do: `invoices:write`. One that begins with `platform:` is a platform administrator's. */
export interface PermissionOptions {
  /** For those who give it. */
  readonly description: string;
  /** The built-in roles that have it. */
  readonly roles: readonly Role[];
  /** No program can be given it: it makes credentials. */
  readonly personsOnly?: boolean;
}

/**
 * What the audit of the catalog (`cli.js audit`) cannot know by itself about a feature's tables. Each list is of what is
 * allowed or has to be there; what it does not name has to keep the general rules.
 */
export interface CatalogKnowledge {
  /** Tables whose rows belong to no tenant, each with the reason. */
  readonly platformTables?: Readonly<Record<string, string>>;
  /** Functions that run with the rights of another role: `owner name(types)`. */
  readonly systemFunctions?: readonly string[];
  /** Tables whose rows never change once they are there. */
  readonly immutableTables?: readonly string[];
  /** Triggers that have to be there and on: `table.trigger`. */
  readonly guardTriggers?: readonly string[];
  /** Amounts that may be negative, so that no CHECK bounds them: `table.column`. */
  readonly signedAmounts?: readonly string[];
  /** Grants of `daybook_system` beyond SELECT, which its functions need: `table PRIVILEGE`. */
  readonly systemGrants?: readonly string[];
}

/** One step of the schema. What was released never changes; there is no way back but a restore, or the next one. */
export interface Migration extends MigrationInterface {
  readonly name: string;
  down(): Promise<void>;
}

/** What a feature brings besides Nest's module. */
export interface FeatureParts {
  /** Each gets a repository that works in the transaction of the request: `@InjectRepository(Invoice)`. */
  readonly entities?: readonly (new () => ObjectLiteral)[];
  /** Named by the moment they were written: `Invoices1795400000000`. The house runs those of all features in its order. */
  readonly migrations?: readonly (new () => Migration)[];
  readonly permissions?: Readonly<Record<string, PermissionOptions>>;
  /** Of the API description, each with its text; in the order of the features. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly catalog?: CatalogKnowledge;
  /** The versions of Daybook that it is made for, as a range of npm's: `^0.1.0`. Features of Daybook itself have none. */
  readonly compatibility?: string;
  /** Of processes that run jobs: providers that a process which only serves HTTP does without. */
  readonly worker?: Required<Pick<ModuleMetadata, 'providers'>>;
}

export type FeatureOptions = ModuleMetadata & FeatureParts;

const FEATURE = 'daybook:feature';

/** A module of Nest's, with all that it brings into the house: `@Module()` and {@link FeatureParts} in one. */
export function Feature(options: FeatureOptions): ClassDecorator {
  const { entities = [], migrations, permissions, tags, catalog, compatibility, worker, ...module } = options;
  const parts: FeatureParts = { entities, migrations, permissions, tags, catalog, compatibility, worker };
  return (target) => {
    const imports = entities.length > 0 ? [RepositoriesModule.for([...entities])] : [];
    Module({ ...module, imports: [...imports, ...(module.imports ?? [])] })(target);
    Reflect.defineMetadata(FEATURE, parts, target);
  };
}

/** Nothing, of a module that is just Nest's. */
export function partsOf(module: Type): FeatureParts {
  return (Reflect.getMetadata(FEATURE, module) as FeatureParts | undefined) ?? {};
}
