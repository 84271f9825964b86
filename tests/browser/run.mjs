// Runs the browser tests against an instance of their own.
//
//     node tests/browser/run.mjs [FILE…]     these, or all *.test.mjs beside this file
//     node tests/browser/run.mjs --stay      only the instance, until Ctrl-C; it prints how to run a test against it
//
// COLLOQUY_TEST_KEEP=1 keeps its folder. What is started ends with this process, however that ends.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ended, startInstance } from './instance.mjs';

const folder = dirname(fileURLToPath(import.meta.url));

function allTests() {
    return readdirSync(folder)
        .filter((name) => name.endsWith('.test.mjs'))
        .sort()
        .map((name) => join(folder, name));
}

// In a process group of its own, so that it can be stopped with all that it runs.
async function runTests(files, instance) {
    const env = { ...process.env, COLLOQUY_BROWSER_STATE: instance.state };
    const child = spawn(process.execPath, ['--test', '--test-reporter=spec', ...files], { detached: true, env, stdio: 'inherit' });
    instance.tests(child.pid);
    stopTests = () => process.kill(-child.pid, 'SIGTERM');
    const code = await ended(child);
    instance.tests('');
    stopTests = () => {};
    return code;
}

let stopTests = () => {};
let isStopped = false;
const signalled = new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
        process.on(name, () => {
            isStopped = true;
            stopTests();
            resolve();
        });
    }
});

const began = Date.now();
const args = process.argv.slice(2);
const instance = await startInstance();
const { state } = instance;
console.log(`instance up in ${((Date.now() - began) / 1000).toFixed(1)} s: ${state}`);
try {
    if (args[0] === '--stay') {
        console.log(`COLLOQUY_BROWSER_STATE='${state}' node --test tests/browser/NAME.test.mjs`);
        await signalled;
    } else if (!isStopped) {
        process.exitCode = (await runTests(args.length ? args : allTests(), instance)) ?? 1;
    }
} catch (error) {
    console.error(error);
    process.exitCode = 1;
}
await instance.stop();
process.exit(isStopped && args[0] !== '--stay' ? 1 : process.exitCode);
