#!/usr/bin/env node
/** What a project that builds on Daybook runs: `npx daybook start`, `npx daybook new:module`. */
import { requireNodeVersion } from './setup/node-version.mjs';

requireNodeVersion();
const COMMANDS = {
  start: async (args) => (await import('./launcher/launch.mjs')).launch(args),
  'new:module': async (args) => (await import('./generate/new-module.mjs')).newModule(args),
};
const [name, ...args] = process.argv.slice(2);
if (Object.hasOwn(COMMANDS, name ?? '')) await COMMANDS[name](args);
else {
  console.error(
    'usage: daybook start [OPTIONS]\n       daybook new:module NAME [--fields FIELDS] [--job]\n\nMore with --help.',
  );
  process.exitCode = 2;
}
