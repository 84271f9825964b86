// One instance for all tests: nginx, MariaDB and Colloquy as `quickstart up` runs them, with the scripted model server behind it.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, openSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MODEL_SERVER, PATIENCE_MS, QUICKSTART, TMP } from './places.mjs';

// Starts the model server; then, once whoever started it ends, however that comes about (its standard input ends), stops all, and
// first the process group that it was told of last, if any.
const KEEPER = `
trap '' INT TERM HUP
"$MODEL_SERVER" --port 0 --port-file "$RUN/model.port" --control 0 --control-file "$RUN/model.control" </dev/null &
while read -r group; do tests=$group; done
[ -z "$tests" ] || kill -s TERM -- "-$tests"
"$QUICKSTART" down --state "$RUN/state"
kill "$!"
[ -n "$KEEP" ] || rm -rf -- "$RUN"
`;

// The limits of a day are not what these tests are about, nor are those of sign-ins that fail.
const SETTINGS = {
    COLLOQUY_LLM_PROVIDER: 'openai',
    COLLOQUY_LLM_MODEL: 'test',
    COLLOQUY_LLM_API_KEY: 'test-key',
    COLLOQUY_LIMITS_CONVERSATIONS_PER_DAY: '1000000',
    COLLOQUY_LIMITS_MESSAGES_PER_DAY: '1000000',
    COLLOQUY_LIMITS_CHAT_MESSAGES_PER_DAY: '1000000',
    COLLOQUY_LIMITS_EVALUATIONS_PER_DAY: '1000000',
    COLLOQUY_LIMITS_TURNS_AT_ONCE: '100000',
    COLLOQUY_LIMITS_SIGN_IN_FAILURES_PER_MINUTE: '100',
};

// Our environment without what would be settings of the server.
function plainEnvironment() {
    return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(COLLOQUY|AWS)_/.test(name)));
}

function isFree(port) {
    return new Promise((resolve) => {
        const server = createServer();
        server.on('error', () => resolve(false));
        server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
}

// nginx takes it only once the database is there: until then none of the connections that other tests make may be given it, as they are
// from 32768 on.
async function freePort(from, to) {
    for (;;) {
        const port = randomInt(from, to);
        if (await isFree(port)) {
            return port;
        }
    }
}

async function numberIn(file) {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await pause(20)) {
        const text = await readFile(file, 'utf8').catch(() => '');
        if (Number(text) > 0) {
            return Number(text);
        }
    }
    throw new Error(`the model server did not start: no ${file}`);
}

// Resolves to the exit code.
export function ended(child) {
    return new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve(code));
    });
}

function keep(run, log) {
    const env = { ...plainEnvironment(), MODEL_SERVER, QUICKSTART, RUN: run, KEEP: process.env.COLLOQUY_TEST_KEEP ?? '' };
    return spawn('/bin/sh', ['-c', KEEPER], { detached: true, env, stdio: ['pipe', log, log] });
}

async function bringUp(state, model, log) {
    const [http, https] = [await freePort(20000, 26000), await freePort(26000, 32768)];
    const env = { ...plainEnvironment(), ...SETTINGS, COLLOQUY_LLM_BASE_URL: `http://127.0.0.1:${model.port}/v1` };
    const args = ['up', '--state', state, '--http', String(http), '--https', String(https)];
    const code = await ended(spawn(QUICKSTART, args, { detached: true, env, stdio: ['ignore', log, log] }));
    if (code !== 0) {
        throw new Error(`quickstart up failed (${code})`);
    }
    writeFileSync(join(state, 'browser.json'), JSON.stringify({ model }));
}

// Start all of it. Gives {state, tests, stop}: the state folder; tests(pid): the process group that uses it, or '' when that has
// ended; stop() takes it down again and waits for that.
export async function startInstance() {
    const run = mkdtempSync(join(TMP, 'colloquy-browser-'));
    const log = openSync(join(run, 'log'), 'a');
    const state = join(run, 'state');
    const keeper = keep(run, log);
    const isUndone = ended(keeper);
    const stop = async () => {
        keeper.stdin.end();
        await isUndone;
    };
    try {
        const model = { port: await numberIn(join(run, 'model.port')), control: await numberIn(join(run, 'model.control')) };
        await bringUp(state, model, log);
    } catch (error) {
        process.stderr.write(await readFile(join(run, 'log'), 'utf8'));
        await stop();
        throw error;
    }
    return { state, tests: (pid) => keeper.stdin.write(`${pid}\n`), stop };
}
