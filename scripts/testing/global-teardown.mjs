import { stopServices } from './global-setup.mjs';

export default async function tearDown() {
  if (globalThis.daybookTestServices) await stopServices(globalThis.daybookTestServices);
}
