// The packages that these tests stand on. They lie in the build folder, where `import` does not look.
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD } from './places.mjs';

const folder = join(BUILD, 'browser-packages');
if (!existsSync(join(folder, 'installed'))) {
    throw new Error('the packages of the browser tests are missing: run tests/browser/install');
}
const require = createRequire(join(folder, 'package.json'));

export const { chromium } = require('playwright-core');
export const AXE_SOURCE = require('axe-core').source;
