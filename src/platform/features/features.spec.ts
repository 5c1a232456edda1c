import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { Feature, type FeatureOptions, type Migration } from './feature';
import { Features } from './features';
import { isPlatform } from './permissions';

class Invoice {
  id = '';
}

function feature(name: string, options: FeatureOptions) {
  const holder = { [name]: class extends Invoice {} };
  const made = holder[name] as new () => object;
  Feature(options)(made);
  return made;
}

function migration(name: string): new () => Migration {
  const holder = {
    [name]: class {
      readonly name = name;
      up = () => Promise.resolve();
      down = () => Promise.reject(new Error('forward only'));
    },
  };
  return holder[name] as new () => Migration;
}

describe('Features', () => {
  const invoices = feature('Invoices', {
    entities: [Invoice],
    migrations: [migration('Later1795400000002')],
    permissions: {
      'invoices:write': { description: 'Write invoices.', roles: ['owner', 'accountant'] },
      'platform:invoices': { description: 'See those of all.', roles: [] },
    },
    tags: { Invoices: 'What is owed.' },
    catalog: { immutableTables: ['invoices'], platformTables: { rates: 'of everybody' } },
    worker: { providers: [Invoice] },
  });
  const payments = feature('Payments', { migrations: [migration('Earlier1795400000001')] });

  it('puts together what each brings; migrations in the order of their time', () => {
    const features = new Features([invoices, payments]);
    expect(features.entities).toEqual([Invoice]);
    expect(features.migrations.map(({ name }) => name)).toEqual(['Earlier1795400000001', 'Later1795400000002']);
    expect([...features.tags]).toEqual([['Invoices', 'What is owed.']]);
    expect(features.catalog).toMatchObject({
      immutableTables: ['invoices'],
      platformTables: { rates: 'of everybody' },
    });
    expect(features.workers).toMatchObject([{ imports: [invoices], providers: [Invoice] }]);
  });

  it('a role has the permissions that name it, and a platform administrator those of the platform besides', () => {
    const features = new Features([invoices]);
    expect([...features.permissionsOf('accountant', false)]).toEqual(['invoices:write']);
    expect([...features.permissionsOf('viewer', false)]).toEqual([]);
    expect([...features.permissionsOf(undefined, true)]).toEqual(['platform:invoices']);
    expect([...features.permissionsOf('owner', true)]).toEqual(['invoices:write', 'platform:invoices']);
    expect([isPlatform('platform:invoices'), isPlatform('invoices:write')]).toEqual([true, false]);
  });

  it('a module that is just Nest’s is a feature that brings nothing', () => {
    class Plain extends Invoice {}
    Module({})(Plain);
    expect(new Features([Plain])).toMatchObject({ modules: [Plain], entities: [], migrations: [], workers: [] });
  });

  it.each<[string, FeatureOptions, string]>([
    ['an entity', { entities: [Invoice] }, 'the entity Invoice is brought by Invoices and by Other'],
    [
      'a permission',
      { permissions: { 'invoices:write': { description: '', roles: [] } } },
      'the permission invoices:write is brought by Invoices and by Other',
    ],
    ['a tag', { tags: { Invoices: '' } }, 'the tag Invoices is brought by Invoices and by Other'],
    [
      'a migration',
      { migrations: [migration('Later1795400000002')] },
      'the migration Later1795400000002 is brought by Invoices and by Other',
    ],
    [
      'a migration without its time',
      { migrations: [migration('AddInvoices')] },
      'the migration AddInvoices must end with the 13 digits of its time: Invoices1795400000000',
    ],
  ])('refuses what two bring, and what has no order, in a sentence: %s', (_, options, sentence) => {
    expect(() => new Features([invoices, feature('Other', options)])).toThrow(sentence);
  });

  it.each([
    ['^0.1.0', '0.1.4', undefined],
    ['>=0.1 <2', '1.9.0', undefined],
    ['^1.0.0', '1.0.0-rc.1', 'Invoices is made for Daybook ^1.0.0, and this is 1.0.0-rc.1'],
    ['^0.1.0', '0.2.0', 'Invoices is made for Daybook ^0.1.0, and this is 0.2.0: install a version of it'],
    ['newest', '0.1.0', 'the compatibility of Invoices, "newest", is no range of versions, such as "^0.1.0"'],
  ])('made for %s it runs on %s: %s', (compatibility, version, refusal) => {
    const build = () => new Features([feature('Invoices', { compatibility })], version);
    if (refusal === undefined) expect(build).not.toThrow();
    else expect(build).toThrow(refusal);
  });
});
