// What people, models and documents say reaches the pages as text: nothing of it runs, loads, or becomes an element of its own. Every text
// of attacks.mjs is brought on every way to a page that there is.
import assert from 'node:assert/strict';
import test from 'node:test';
import { asNames, attacks, bundles } from './attacks.mjs';
import { api, colloquy, enroll, makeCourse, makeExperience, makeUser, model, open, signIn, site } from './harness.mjs';

const QUIET_MS = 60;

const texts = attacks.map(({ text }) => text);
const NAMES = asNames(255);

// ---- what must hold of a page

// In the page, from before its first byte: notes each element and attribute that no page of ours has, also if it goes again.
function probe() {
    const ours = new Set();
    const note = (what, node) => ours.add(`${what}: ${(node.outerHTML ?? '').slice(0, 200)}`);
    const FORBIDDEN = 'iframe, frame, frameset, object, embed, applet, portal, fencedframe, base, style, img, picture, video, audio, source, marquee, '
        + 'isindex, bgsound, xmp, plaintext, meta[http-equiv], [srcdoc], [srcset], [formaction], [background], [ping], [is], [popover], '
        + '[contenteditable], [name=body], [name=cookie], [name=attributes], [id=__hit], [name=__hit], #f, .body [id], .body [name], .body form';
    const IN_BODY = new Set(('p br em strong del code pre blockquote ul ol li hr h3 h4 h5 h6 table thead tbody tr th td a span div input button').split(' '));
    const ATTRIBUTES = new Set('href title rel class start type disabled checked tabindex role aria-label scope data-display'.split(' '));
    const CLASSES = /^(language-[\w+-]+|math|wide|left|center|right|task|mark|raw|thinking|small)$/;
    const isSet = (node) => node.closest('.katex, .math > span'); // by KaTeX
    const addressOf = (value) => URL.parse?.(value, document.baseURI) ?? new URL(value, document.baseURI);

    const lookAtAttribute = (node, { name, value }) => {
        if (/^on/i.test(name)) note('handler', node);
        if (name === 'style' && !isSet(node) && !node.matches('article, .thread, #composer')) note('style', node);
        if (name === 'style' && /url\(|expression|fixed|import/i.test(value)) note('style', node);
        if (!/^(?:xlink:)?href$|^src$|^action$|^data$|^poster$|^cite$/i.test(name)) return;
        const { protocol, origin, pathname } = addressOf(value);
        if (!/^(?:https?|mailto|blob):$/.test(protocol) || (origin === location.origin && pathname.includes('hit') && !node.closest('.body a'))) note('address', node);
        if (origin !== location.origin && !(node.matches('.body a') && node.rel === 'noopener nofollow ugc' && !node.target)) note('leads away', node);
    };
    const lookInBody = (node) => {
        if (!IN_BODY.has(node.localName)) note('element', node);
        for (const { name } of node.attributes) if (!ATTRIBUTES.has(name) && !(name === 'style' && isSet(node))) note(`attribute ${name}`, node);
        for (const name of node.classList) if (!CLASSES.test(name)) note('class', node);
        if (node.localName === 'input' && !(node.type === 'checkbox' && node.disabled)) note('field', node);
    };
    const look = (node) => {
        const isOurs = node.localName === 'script' && !node.textContent && /^\/(?:js|katex)\//.test(node.getAttribute('src') ?? '');
        if (node.localName === 'script' && !isOurs) note('script', node);
        if (node.localName === 'link' && !/^\/(?:[\w./-]+)$/.test(node.getAttribute('href'))) note('link', node);
        if (node.matches(FORBIDDEN)) note('element', node);
        if (node.namespaceURI !== 'http://www.w3.org/1999/xhtml' && !isSet(node)) note('namespace', node);
        for (const attribute of node.attributes) lookAtAttribute(node, attribute);
        if (!isSet(node) && node.parentElement?.closest('.body')) lookInBody(node);
        if (node.localName === 'template') all(node.content);
    };
    const all = (root) => {
        if (root.nodeType === Node.ELEMENT_NODE) look(root);
        for (const node of root.querySelectorAll?.('*') ?? []) look(node);
    };
    new MutationObserver((records) => {
        for (const { type, target, attributeName: name, addedNodes } of records) {
            if (type === 'attributes' && target.hasAttribute(name)) lookAtAttribute(target, { name, value: target.getAttribute(name) });
            for (const node of addedNodes) all(node);
        }
    }).observe(document, { subtree: true, childList: true, attributes: true });
    globalThis.faultsOfPage = () => {
        all(document);
        if (typeof globalThis.__hit !== 'undefined') ours.add('something ran');
        if (document.querySelectorAll('title').length !== 1 || document.querySelector('title').children.length) ours.add('the title');
        if (Object.keys(Object.prototype).length || {}.innerHTML || Object.keys(Array.prototype).length) ours.add('a prototype was changed');
        return [...ours];
    };
}

// A page that is looked at, and whose requests are noted.
async function openGuarded(t, who, options) {
    const page = await open(t, null, options);
    await page.addInitScript(probe);
    page.pending = 0;
    page.context().on('request', (request) => {
        const { origin, pathname } = new URL(request.url());
        page.pending++;
        if ((origin !== site.url && !request.url().startsWith('blob:')) || pathname.startsWith('/hit')) {
            page.watched.problems.push(`asked for ${request.url()}`);
        }
    });
    page.context().on('page', (other) => page.watched.problems.push(`opened ${other.url()}`));
    for (const event of ['requestfinished', 'requestfailed']) {
        page.context().on(event, () => page.pending--);
    }
    if (who) {
        await signIn(page, who);
    }
    return page;
}

// Until nothing has been under way for a moment.
async function quiet(page) {
    await page.waitForFunction(() => !document.querySelector('script[type=module]') || document.documentElement.classList.contains('ready'));
    for (let since = Date.now(); Date.now() - since < QUIET_MS;) {
        await page.waitForTimeout(15);
        since = page.pending ? Date.now() : since;
    }
    await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
}

async function harmless(page, where) {
    await quiet(page);
    assert.deepEqual(await page.evaluate(() => globalThis.faultsOfPage()), [], where);
    assert.deepEqual(page.watched.problems, [], where);
}

async function visit(page, path, where = path) {
    await page.goto(path);
    await harmless(page, where);
}

// That the texts came to the page, and as they were.
async function assertShown(page, selector, wanted, where = selector) {
    const found = new Set((await page.locator(selector).evaluateAll((nodes) => nodes.map((node) => node.value ?? node.textContent))).map((text) => text.trim()));
    assert.deepEqual(wanted.map((text) => text.trim()).filter((text) => !found.has(text)), [], where);
}

// ---- what there is to look at

async function inParallel(items, n, action) {
    const rest = [...items];
    await Promise.all(Array.from({ length: n }, async () => {
        while (rest.length) {
            await action(rest.shift());
        }
    }));
}

// The model replies to each text with that text. It is one program for all: what is set once is set for all that is made below.
const scripted = inParallel(texts, 8, (text) => model.script(text, { text }));

// No message holds a NUL (doc/api-canvas.md).
const said = texts.filter((text) => !text.includes('\0'));

// A class all of whose names are hostile, and a conversation in which everything has been said and replied.
async function makeTalk() {
    const [name, student, title, course, ...objectives] = bundles(NAMES, 250);
    const there = { teacher: await makeUser(name), student: await makeUser(student), courseId: await makeCourse(course) };
    await enroll(there.courseId, there.teacher, 'teacher');
    await enroll(there.courseId, there.student, 'student');
    const metrics = [{ name: NAMES[0], description: NAMES[1] }, { name: NAMES[2], description: '' }];
    there.experience = await makeExperience(there.courseId, there.teacher, {
        title, learning_objectives: objectives.slice(0, 10), evaluation_metrics: metrics,
        description: bundles(NAMES, 9900)[0], facts: bundles(NAMES.toReversed(), 9900)[0],
    });
    there.path = `/courses/${there.courseId}/ai_experiences/${there.experience.id}`;
    const calls = `/api/v1${there.path}/conversations`;
    const { id } = await api(there.student).post(calls);
    await scripted;
    for (const message of said) {
        await api(there.student).post(`${calls}/${id}/messages`, { message });
    }
    return { ...there, calls, id };
}

// A chat in which everything has been said and replied, and one for each title.
async function makeChats() {
    const who = await makeUser(bundles(NAMES, 250).at(-1));
    const say = (id, body) => api(who).post('/api/chat/conversation', { conversation_id: id, message: { content: [{ content_type: 'text', body }] } });
    await scripted;
    for (const text of said) {
        await say('all', text);
    }
    const titles = bundles(NAMES, 255);
    await inParallel(titles.keys(), 4, (n) => say(`chat-${n}`, texts[n].replaceAll('\0', '')));
    return { who, titles };
}

const talking = makeTalk();
const chatting = makeChats();
talking.catch(() => {}); // whoever awaits it is told
chatting.catch(() => {});

// ---- ways to the pages

test('the corpus', () => {
    assert.ok(texts.length >= 120);
    assert.equal(new Set(texts).size, texts.length);
    assert.ok(!texts.some((text) => /\[\[|\]\]/.test(text)), 'none speaks to the scripted model');
});

test('a tutor’s replies and a student’s words, to both of them', async (t) => {
    const { teacher, student, path, calls, id, experience } = await talking;
    const page = await openGuarded(t);
    await signIn(page, student, path);
    for (const [who, where] of [[student, path], [student, `${path}/conversations/${id}`], [teacher, `${path}/students/${student.id}`]]) {
        if (who === teacher) {
            await page.context().clearCookies();
            await signIn(page, who, where);
        } else {
            await page.goto(where);
        }
        await page.locator('.reply').nth(said.length - 1).waitFor();
        await page.locator('.math .katex').nth(8).waitFor();
        await harmless(page, where);
        await assertShown(page, '.own .body', said, where);
        assert.equal(await page.locator('.body img').count(), 0, 'what a model shows is linked to, not loaded');
        assert.ok(await page.locator('.body a').count() > 10);
        await assertShown(page, '#objectives bdi', experience.learning_objectives, where);
    }
    for (const query of ['format=markdown', 'format=json', 'format=markdown&download=true']) {
        const answer = await page.request.get(`${calls}/${id}/transcript?${query}`);
        assert.equal(answer.status(), 200);
        assert.match(answer.headers()['content-type'], /^(?:text\/markdown|application\/json)/);
        assert.equal(answer.headers()['x-content-type-options'], 'nosniff');
    }
});
