// What holds for every page: who reads it how, in which language, on what screen or paper, and what it costs to fetch.
import assert from 'node:assert/strict';
import test from 'node:test';
import { api, axe, fits, launch, makeClass, makeExperience, model, open, resize, site } from './harness.mjs';
import { firstPaint, listen } from './wire.mjs';

const MOST_BYTES = 100000; // of a page that is visited for the first time, KaTeX excepted

// ---- the pages

// Rows: name, who, path, and a selector of what is there once the page is.
async function makePlaces() {
    const scene = await makeClass();
    const { courseId, student, teacher, experience } = scene;
    const list = `/courses/${courseId}/ai_experiences`;
    const one = `${list}/${experience.id}`;
    const second = await makeExperience(courseId, teacher, { title: 'Second' });
    await makeExperience(courseId, teacher, { title: 'Third', workflow_state: 'unpublished' });
    const talks = `/api/v1${one}/conversations`;
    const { id: ended } = await api(student).post(talks);
    await model.script('Everywhere it boils.', { text: 'Does it?', covers: [1] });
    await api(student).post(`${talks}/${ended}/messages`, { message: 'Everywhere it boils.' });
    await api(student).post(talks);
    const { id: talk } = await api(student).get(talks);
    await api(student).post(`${talks}/${talk}/messages`, { message: 'Everywhere it boils.' });
    await api(teacher).post(`${talks}/${talk}/evaluation`);
    const says = { content: [{ content_type: 'text', body: 'Everywhere, hello' }] };
    await api(student).post('/api/chat/conversation', { conversation_id: `chat-${student.id}`, message: says });
    const bot = { id: `bot-${teacher.id}`, title: 'Kettle', instruction: 'Be brief.', display_retrieved_chunks: true,
        conversation_quick_starters: [{ title: 'Boil', example: 'Why?' }] };
    await api(teacher).post('/api/chat/bot', bot);
    return { ...scene, places: [
        ['start, a guest', null, '/', 'body.guest'],
        ['login', null, '/login', '#login'],
        ['no such page', null, '/nothing-here', 'h1'],
        ['start', student, '/', '#courses > li'],
        ['account', student, '/account', '#sessions > li'],
        ['list, a student', student, list, '.list > li'],
        ['experience, not begun', student, `${list}/${second.id}`, '#conversation button'],
        ['experience, in conversation', student, one, '#composer'],
        ['reading', student, `${one}/conversations/${ended}`, '.reply'],
        ['chat, new', student, '/chat', '#composer'],
        ['chat', student, `/chat/chat-${student.id}`, '.reply .actions > .actions'],
        ['bots', student, '/bots', 'main.none'],
        ['bot, new', student, '/bots/new', 'main.new'],
        ['no such experience', student, `${list}/999999999`, 'h1'],
        ['not for students', student, `${one}/students`, '[role=alert]'],
        ['list, a teacher', teacher, list, '.list > li'],
        ['experience, a teacher', teacher, one, '.manage'],
        ['experience, a test', teacher, `${one}?test`, '#conversation button'],
        ['editor, new', teacher, `${list}/new`, '#editor:not([hidden])'],
        ['editor', teacher, `${one}/edit`, '#editor:not([hidden])'],
        ['class', teacher, `${one}/students`, '#rows > tr'],
        ['transcript', teacher, `${one}/students/${student.id}`, '#evaluated > div'],
        ['bot', teacher, `/bots/bot-${teacher.id}`, 'main.old'],
        ['not one’s course', teacher, `/courses/${site.courseId}/ai_experiences`, 'h1'],
    ].map(([name, who, path, sign]) => ({ name, who, path, sign })) };
}

const there = await makePlaces();

// look(page, place) at every place, in a browser of each person there. Faults are told all at once, by the place's name.
async function everywhere(t, look, options = {}) {
    const faults = [];
    for (const who of [null, there.student, there.teacher]) {
        const page = await open(t, who, options);
        page.watched.allow(/status of 40[34]/);
        for (const place of there.places.filter((one) => one.who === who)) {
            await go(page, place);
            await look(page, place).catch((error) => faults.push(`${place.name}: ${error.message}`));
            await page.emulateMedia({ media: null, reducedMotion: null });
            await resize(page, 1280, 800);
        }
    }
    assert.equal(faults.length, 0, `\n${faults.join('\n')}`);
}

async function go(page, { path, sign }) {
    await page.goto(path);
    await page.locator(sign).first().waitFor();
    await page.waitForFunction(() => document.documentElement.matches('.ready') || !document.querySelector('script'));
}

const isSeen = (selector) => (page) => page.evaluate((wanted) => [...document.querySelectorAll(wanted)]
    .filter((node) => node.checkVisibility({ visibilityProperty: true })).map((node) => node.outerHTML.slice(0, 80)), selector);

// ---- who reads it

test('axe finds nothing, in light and dark', (t) => everywhere(t, (page, { name }) => axe(page, name)));

test('each has landmarks, one heading above all, a title of its own, and a way past the header', (t) => everywhere(t, async (page, { name }) => {
    for (const role of ['main', 'contentinfo']) {
        assert.equal(await page.getByRole(role).count(), 1, role);
    }
    const n = name === 'start, a guest' ? 0 : 1; // where guests find all that they may see
    assert.deepEqual([await page.getByRole('banner').count(), await page.getByRole('navigation', { name: 'Site' }).count()], [n, n], 'header');
    assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, 'h1');
    const levels = await page.evaluate(() => [...document.querySelectorAll('h1, h2, h3, h4')]
        .filter((node) => node.checkVisibility()).map(({ localName }) => Number(localName[1])));
    assert.ok(levels.every((level, i) => level <= (levels[i - 1] ?? 0) + 1), `levels of headings: ${levels}`);
    assert.match(await page.title(), name.startsWith('start') ? /^Colloquy$/ : /^\S.* – Colloquy$/);
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
}));

// ---- in which language

const SEVERAL_WORDS = /\p{L}{2,}[^\p{L}]+\p{L}{2,}/u;

// What stands there to be read, people's own words left out. In the page.
function textsOfOurs() {
    const theirs = 'bdi, [dir=auto], [translate=no], code, pre, script, style, noscript, option[lang], textarea';
    const shown = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest(theirs);
    const texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        if (shown(walker.currentNode.parentElement)) texts.push(walker.currentNode.data);
    }
    for (const node of document.querySelectorAll('[aria-label], [placeholder], [title], [alt]')) {
        if (node.checkVisibility() && !node.matches('[translate=no]')) {
            texts.push(...['aria-label', 'placeholder', 'title', 'alt'].map((name) => node.getAttribute(name) ?? ''));
        }
    }
    const title = document.title.replace(/ – Colloquy$/, '');
    const isTheirs = [...document.querySelectorAll('h1[dir=auto], h1 bdi')].some(({ textContent: name }) => title.startsWith(name));
    return [...(isTheirs ? [] : [title]), ...texts].map((text) => text.replace(/\s+/g, ' ').trim());
}

test('in German nothing is left in English', async (t) => {
    const english = {};
    await everywhere(t, async (page, { name }) => { english[name] = await page.evaluate(textsOfOurs); });
    await everywhere(t, async (page, { name }) => {
        const german = new Set(await page.evaluate(textsOfOurs));
        assert.equal(await page.locator('html').getAttribute('lang'), 'de');
        assert.ok(english[name].length > 3);
        const left = english[name].filter((text) => SEVERAL_WORDS.test(text) && german.has(text));
        assert.deepEqual(left, []);
    }, { locale: 'de' });
});

// ---- on what

test('each fits on a small screen, zoomed in, and from right to left', (t) => everywhere(t, async (page, { name }) => {
    await fits(page, name);
    await resize(page, 320, 256); // 1280 × 1024 at 400 %
    const high = await page.evaluate(() => [...document.querySelectorAll('body *')]
        .filter((node) => ['sticky', 'fixed'].includes(getComputedStyle(node).position) && node.checkVisibility())
        .map((node) => node.offsetHeight));
    assert.ok(high.every((height) => height <= 154), `what stays in sight takes ${high} of 256 pixels`);
    await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
    await fits(page, `${name}, from right to left`);
}));

test('nothing moves for who does not want it, and paper has no controls', (t) => everywhere(t, async (page) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    assert.deepEqual(await page.evaluate(() => document.getAnimations().map(({ animationName: name }) => name)), []);
    await page.emulateMedia({ media: 'print', reducedMotion: null });
    assert.deepEqual(await isSeen('body > header, body > footer, button, a.button, #composer')(page), []);
    assert.equal((await isSeen('h1')(page)).length, 1);
}));

// ---- what it costs

// A first visit, with nothing kept. What is seen first needs none of the API's answers: they are held back until then.
async function visitCold(browser, place, storageState) {
    const context = await browser.newContext({ baseURL: site.url, ignoreHTTPSErrors: true, locale: 'en', storageState });
    const page = await context.newPage();
    const requests = await listen(page);
    let isPainted;
    const painted = new Promise((resolve) => { isPainted = resolve; });
    await page.route('**/api/**', (route) => painted.then(() => route.continue()).catch(() => {}));
    const gone = go(page, place);
    gone.catch(() => {}); // it is awaited below
    await page.waitForURL(`**${place.path}`, { waitUntil: 'commit' });
    await firstPaint(page);
    const early = requests.filter(({ url }) => !url.includes('/api/'));
    const late = early.filter(({ depth }) => depth > 1).map(({ url, depth }) => `${depth}: ${url}`);
    isPainted();
    await gone;
    await context.close();
    return { late, bytes: requests.filter(({ url }) => !url.includes('/katex/')).reduce((sum, one) => sum + one.bytes, 0) };
}

test(`a page is ${MOST_BYTES} bytes at most, and all that its first sight needs is asked for at once`, async (t) => {
    const browser = await launch();
    const kept = new Map();
    for (const who of [there.student, there.teacher]) {
        kept.set(who, await (await open(t, who)).context().storageState());
    }
    const faults = [];
    const sizes = [];
    for (const place of there.places) {
        const { late, bytes } = await visitCold(browser, place, kept.get(place.who));
        sizes.push(`${place.name} ${bytes}`);
        if (bytes > MOST_BYTES || bytes < 4000 || late.length) {
            faults.push(`${place.name}: ${bytes} bytes; asked for late: ${late.join(', ') || 'nothing'}`);
        }
    }
    t.diagnostic(`bytes: ${sizes.join(', ')}`);
    assert.equal(faults.length, 0, `\n${faults.join('\n')}`);
});
