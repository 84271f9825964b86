// How fast the pages are: tests/bench/run --only pages, or node tests/bench/pages.mjs. An instance of its own, as the browser tests
// have it; Markdown tables. Times depend on the machine; bytes, requests and round trips do not.
import { startInstance } from '../browser/instance.mjs';

const RUNS = 5; // of which the median counts
const LATENCY = 100; // milliseconds, between a browser and a server that are apart
const SECONDS = 15;
const PER_SECOND = 200;
const PIECE = 8; // bytes of a token
const LONG = 50; // milliseconds: a reader notices

const instance = await startInstance();
process.env.COLLOQUY_BROWSER_STATE = instance.state;
const { end, launch, signIn } = await import('../browser/browser.mjs');
const { model } = await import('../browser/model.mjs');
const { api, site } = await import('../browser/site.mjs');
const { firstPaint, listen } = await import('../browser/wire.mjs');

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);

const options = { baseURL: site.url, ignoreHTTPSErrors: true, locale: 'en', viewport: { width: 1280, height: 800 } };

async function stateOf(who) {
    const context = await (await launch()).newContext(options);
    const page = await context.newPage();
    await signIn(page, who);
    const state = await context.storageState();
    await context.close();
    return state;
}

// ---- the first visit

// In a browser that has nothing of it yet: {bytes, requests, trips, paint}. trips: how deep the requests go that were made before
// something was seen, what the API is asked for left out: the first sight does not wait for that (tests/browser/everywhere.test.mjs).
async function visit(storageState, path, latency) {
    const context = await (await launch()).newContext({ ...options, storageState });
    const page = await context.newPage();
    const requests = await listen(page);
    if (latency) {
        const session = await context.newCDPSession(page);
        await session.send('Network.enable');
        await session.send('Network.emulateNetworkConditions', { offline: false, latency, downloadThroughput: -1, uploadThroughput: -1 });
    }
    await page.goto(path, { waitUntil: 'networkidle' });
    const paint = await firstPaint(page);
    await context.close();
    return {
        paint,
        requests: requests.length,
        bytes: requests.reduce((sum, one) => sum + one.bytes, 0),
        trips: Math.max(...requests.filter(({ url }) => !url.includes('/api/')).map(({ depth }) => depth)),
    };
}

async function measureVisits(student, teacher) {
    const list = `/courses/${site.courseId}/ai_experiences`;
    const one = `${list}/${site.experienceId}`;
    const { id } = await api(site.student).get('/api/v1/users/self');
    const places = [['sign in', undefined, '/login'], ['start', student, '/'], ['list', student, list], ['experience, to talk', student, one], ['chat', student, '/chat'],
        ['bots', student, '/bots'], ['account', student, '/account'], ['editor', teacher, `${one}/edit`], ['class', teacher, `${one}/students`],
        ['transcript', teacher, `${one}/students/${id}`]];
    row('first visit, nothing kept', 'bytes', 'requests', 'round trips to the first sight after the HTML', 'first sight', `the same, ${LATENCY} ms away`);
    row('---', '---', '---', '---', '---', '---');
    for (const [name, state, path] of places) {
        const near = [];
        const far = [];
        for (let i = 0; i < RUNS; i++) {
            near.push(await visit(state, path, 0));
            far.push(await visit(state, path, LATENCY));
        }
        const of = (visits, key) => Math.round(median(visits.map((each) => each[key])));
        row(name, of(near, 'bytes').toLocaleString('en'), of(near, 'requests'), of(near, 'trips'), `${of(near, 'paint')} ms`, `${of(far, 'paint')} ms`);
    }
    console.log();
}

// ---- a reply that streams

// In the page, from now on: when frames came, and which tasks were long.
function beginProbe() {
    const probe = { frames: [], tasks: [] };
    const note = (now) => {
        probe.frames.push(now);
        requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
    new PerformanceObserver((found) => probe.tasks.push(...found.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
    globalThis.probe = probe;
}

// CPU milliseconds of the task that took most of it, of all main threads of pages. What took long without them was not let run.
function mostCpu(trace) {
    const { traceEvents: events } = JSON.parse(trace);
    const threadOf = ({ pid, tid }) => `${pid} ${tid}`;
    const mains = new Set(events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(threadOf));
    const tasks = events.filter((event) => event.name.endsWith('RunTask') && mains.has(threadOf(event)));
    return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000;
}

// CPU seconds of the page's main thread, and of layout in it.
async function used(session) {
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

async function streamReply(page, text, name) {
    const message = `Say it at length: ${name}`;
    await model.script(message, { text, pieceBytes: PIECE, perSecond: PER_SECOND });
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    await page.waitForTimeout(1500);
    await page.evaluate(beginProbe);
    await (await launch()).startTracing(page, { categories: ['toplevel'] });
    const [before, began] = [await used(session), Date.now()];
    await page.getByLabel('Your message').fill(message);
    await page.keyboard.press('Enter');
    await page.locator('.streaming .raw').first().waitFor();
    await page.getByRole('button', { name: 'Send' }).waitFor({ timeout: 4000 * SECONDS });
    const seconds = (Date.now() - began) / 1000;
    await page.waitForTimeout(500);
    const after = await used(session);
    const cpu = mostCpu(await (await launch()).stopTracing());
    const { frames, tasks } = await page.evaluate(() => globalThis.probe);
    const gaps = frames.slice(1).map((at, i) => at - frames[i]);
    const share = (key) => `${(100 * (after[key] - before[key]) / seconds).toFixed(1)} %`;
    row(name, `${Math.round(text.length / PIECE / seconds)}`, `${seconds.toFixed(1)} s`, frames.length, gaps.filter((gap) => gap > LONG).length,
        `${Math.max(...gaps).toFixed(0)} ms`, tasks.length, tasks.length ? `${Math.max(...tasks)} ms` : `under ${LONG} ms`, `${cpu.toFixed(1)} ms`, share('TaskDuration'), share('ScriptDuration'), share('LayoutDuration'));
}

async function measureStreams(storageState) {
    const context = await (await launch()).newContext({ ...options, storageState });
    const page = await context.newPage();
    await page.goto(`/courses/${site.courseId}/ai_experiences/${site.experienceId}`);
    const begin = page.getByRole('button', { name: 'Start the conversation' });
    await page.locator('#begin:visible, #composer:visible').waitFor();
    if (await begin.isVisible()) {
        await begin.click();
    }
    await page.locator('#composer').waitFor();
    const sentence = 'The price of a cup rises when it costs more to make it. ';
    const plain = sentence.repeat(SECONDS * PER_SECOND * PIECE / sentence.length);
    row(`a reply of ${SECONDS * PER_SECOND} tokens, ${PER_SECOND} a second`, 'tokens/s', 'took', 'frames', `longer than ${LONG} ms`, 'longest', `tasks over ${LONG} ms`,
        'longest', 'most CPU of one', 'main thread', 'of it scripts', 'layout');
    row(...Array(12).fill('---'));
    await streamReply(page, plain.replace(/((?:[^.]*\. ){6})/g, '$1\n\n'), 'in paragraphs');
    await streamReply(page, plain, 'in one paragraph');
    await context.close();
}

try {
    const [student, teacher] = [await stateOf(site.student), await stateOf(site.teacher)];
    await measureVisits(student, teacher);
    await measureStreams(student);
} finally {
    await end();
    await instance.stop();
}
