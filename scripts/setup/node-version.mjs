/**
 * The first thing every command does. It must itself run on an old Node, so it uses nothing newer than modules, and
 * the commands load the rest only after it has passed.
 */
export function requireNodeVersion(major = 20, minor = 19) {
  const [haveMajor, haveMinor] = process.versions.node.split('.').map(Number);
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return;
  console.error(
    `Daybook needs Node ${major}.${minor} or newer and this is ${process.versions.node}: install a newer one from https://nodejs.org or with your version manager.`,
  );
  process.exit(1);
}
