// Where things lie, and the programs that the tests use: those of the build, unless the environment names others; and how long to wait.
import { fileURLToPath } from 'node:url';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const BUILD = join(ROOT, 'build');
export const WWW = process.env.COLLOQUY_TEST_WWW || join(ROOT, 'nginx/www');
export const TMP = tmpdir(); // TMPDIR
export const QUICKSTART = process.env.COLLOQUY_TEST_QUICKSTART || join(ROOT, 'quickstart');
export const PROGRAM = process.env.COLLOQUY_TEST_PROGRAM || join(BUILD, 'colloquy');
export const MODEL_SERVER = process.env.COLLOQUY_TEST_MODEL_SERVER || join(BUILD, 'tests/model_server/model_server');
export const CHROMIUM = process.env.COLLOQUY_TEST_CHROMIUM || '/usr/bin/chromium';

// For what comes in no time on a machine that has nothing else to do, and must come at last on one that has.
export const PATIENCE_MS = 30000;
