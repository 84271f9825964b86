// What people, models and documents say reaches the pages as text: nothing of it runs, loads, or becomes an element of its own. Every text
// of attacks.mjs is brought on every way to a page that there is.
import assert from 'node:assert/strict';
import test from 'node:test';
import { asNames, attacks, bundles } from './attacks.mjs';
import { api, colloquy, enroll, makeCourse, makeExperience, makeUser, model, open, signIn, site } from './harness.mjs';
import { PATIENCE_MS } from './places.mjs';

const QUIET_MS = 60;

const texts = attacks.map(({ text }) => text);
const NAMES = asNames(255);
const FILE_NAMES = NAMES.map((text) => text.replace(/[/\\]/g, '∕'));
const sent = (name) => `${name.replaceAll('"', '%22')}.txt`; // so browsers do in forms

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
        if (!/^(?:https?|mailto|blob):$/.test(protocol) || (origin === location.origin && pathname !== location.pathname && pathname.includes('hit') && !node.closest('.body a'))) note('address', node);
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
    page.pending = new Set();
    page.context().on('request', (request) => {
        const { origin, pathname } = new URL(request.url());
        if (request.headers().accept !== 'text/event-stream') { // of those the browser does not tell when they end
            page.pending.add(request);
        }
        if ((origin !== site.url && !request.url().startsWith('blob:')) || pathname.startsWith('/hit')) {
            page.watched.problems.push(`asked for ${request.url()}`);
        }
    });
    page.context().on('page', (other) => page.watched.problems.push(`opened ${other.url()}`));
    page.on('framenavigated', () => page.pending.clear());
    for (const event of ['requestfinished', 'requestfailed']) {
        page.context().on(event, (request) => page.pending.delete(request));
    }
    if (who) {
        await signIn(page, who);
    }
    return page;
}

// Until nothing has been under way for a moment.
async function quiet(page) {
    await page.waitForFunction(() => !document.querySelector('script[type=module]') || document.documentElement.classList.contains('ready'));
    const end = Date.now() + PATIENCE_MS;
    for (let since = Date.now(); Date.now() - since < QUIET_MS;) {
        await page.waitForTimeout(15);
        since = page.pending.size ? Date.now() : since;
        assert.ok(Date.now() < end, `still under way: ${[...page.pending].map((request) => request.url())}`);
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

const plainLines = (text) => text.replace(/\r\n?/g, '\n').trim(); // forms send CR LF

// That the texts came to the page, and as they were.
async function assertShown(page, selector, wanted, where = selector) {
    const found = new Set((await page.locator(selector).evaluateAll((nodes) => nodes.map((node) => (node.matches('input, textarea') ? node.value : node.textContent)))).map(plainLines));
    assert.deepEqual(wanted.map(plainLines).filter((text) => !found.has(text)), [], where);
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
        description: bundles(NAMES, 9900)[0], facts: bundles([...NAMES].reverse(), 9900)[0],
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

// One person to be signed in as, and others who only have names.
async function makePeople([first, ...names]) {
    const people = [await makeUser(first)];
    await inParallel(names.entries(), 4, async ([n, name]) => {
        const login = `hostile-${process.pid}-${n}`;
        const { id } = await colloquy(['user', 'add', '--login', login, `--name=${name}`]);
        people.push({ id, login, name });
    });
    return people;
}

async function makeScene() {
    const [teacher, student, courseId] = [await makeUser(), await makeUser(), await makeCourse()];
    await enroll(courseId, teacher, 'teacher');
    await enroll(courseId, student, 'student');
    const experience = await makeExperience(courseId, teacher);
    return { teacher, student, courseId, experience, path: `/courses/${courseId}/ai_experiences/${experience.id}` };
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

test('a reply while it comes', async (t) => {
    const { student, path } = await makeScene();
    const page = await openGuarded(t);
    await signIn(page, student, path);
    await page.getByRole('button', { name: 'Start the conversation' }).click();
    const chosen = [...attacks.filter(({ text }, i) => i % 40 === 7 && said.includes(text)).map(({ text }) => text), '<img src=x onerror=__hit=1> all of them'];
    await model.script(chosen.at(-1), { text: said.filter((text) => text.length < 300).join('\n\n'), pieceBytes: 200, perSecond: 200 });
    for (const [i, text] of chosen.entries()) {
        await page.locator('#composer').fill(text);
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: 'Copy', exact: true }).nth(i + 1).waitFor(); // the opening is one
        await page.getByRole('button', { name: 'Send' }).waitFor();
    }
    await assertShown(page, '.own .body', chosen);
    assert.ok(await page.locator('.reply').last().evaluate((node) => node.textContent.length) > 5000);
    await harmless(page, 'what streamed');

    // Why a reply was bad, and what was typed and not sent, are the student's alone.
    await page.getByRole('button', { name: 'Bad reply' }).last().click();
    await page.getByLabel('Why? (optional)').fill(bundles(NAMES, 2000)[0]);
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.getByRole('button', { name: 'Bad reply', pressed: true }).waitFor();
    await page.locator('#composer').fill(bundles(texts, 3900)[1]);
    await page.reload();
    await harmless(page, 'a draft and a vote');
    assert.ok((await page.locator('#composer').inputValue()).length > 3000);
});

test('chats: replies, words, titles, and what a search finds', async (t) => {
    const { who, titles } = await chatting;
    await inParallel(titles.entries(), 4, ([n, title]) => api(who).patch(`/api/chat/conversation/chat-${n}/title`, { new_title: title }));
    const page = await openGuarded(t);
    await signIn(page, who, '/chat/all');
    await page.locator('.reply').nth(said.length - 1).waitFor();
    await page.locator('.math .katex').nth(8).waitFor();
    await harmless(page, 'a chat');
    await assertShown(page, '.own .body', said);
    await assertShown(page, '#list a', titles);
    assert.equal(await page.locator('.body img').count(), 0);

    for (const word of ['script', 'onerror', 'javascript', '<img', '$& {name}']) {
        const found = page.waitForResponse((answer) => answer.url().includes('/search?'));
        await page.getByLabel('Search conversations').fill(word);
        const rows = await (await found).json();
        await page.waitForFunction((n) => document.querySelectorAll('#list li').length === n, rows.length);
        await harmless(page, `a search for ${word}`);
        const fragments = rows.flatMap(({ highlights }) => highlights.flatMap((one) => one.fragments));
        const plain = (text) => text.replace(/<\/?em>/g, '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
        await assertShown(page, '#list q', fragments.map(plain), word);
    }
    await page.goto('/chat/chat-3');
    await page.locator('.reply').waitFor();
    await harmless(page, 'a title');
    assert.equal(await page.title(), `${titles[3]} – Colloquy`);
    await page.locator('#title').fill(titles[5]);
    await page.keyboard.press('Enter');
    await page.waitForFunction((title) => document.title === title, `${titles[5]} – Colloquy`);
    await page.locator('.title').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByText(titles[5]).waitFor();
    await harmless(page, 'asked whether to delete it');
});

test('experiences: the list, the page, the editor, the class', async (t) => {
    const { courseId, teacher, student, experience, path } = await talking;
    const all = `/courses/${courseId}/ai_experiences`;
    const titles = NAMES.filter((text) => [...text].length <= 255);
    await inParallel(titles, 4, (title) => makeExperience(courseId, teacher, { title, learning_objectives: [title] }));
    const page = await openGuarded(t);
    await signIn(page, teacher, `${all}?per_page=100`);
    for (let n = 1; n * 100 - 100 < titles.length; n++) {
        await page.goto(`${all}?per_page=100&page=${n}`);
        await harmless(page, `the list, page ${n}`);
        const shown = await page.locator('li a[dir=auto]').allTextContents();
        assert.ok(shown.length > 1 && shown.every((title) => titles.includes(title) || title === experience.title));
    }
    const [item] = await page.locator('.manage button[value=deleted]').all();
    await item.click();
    await page.getByRole('dialog').waitFor();
    await harmless(page, 'asked whether to delete an experience');

    for (const where of [path, `${path}?test`, `${path}/edit`, `${all}/new`]) {
        await visit(page, where);
    }
    await page.goto(`${path}/edit`);
    await page.locator('#preview h3').getByText(experience.title).waitFor();
    await assertShown(page, '#preview li', experience.learning_objectives);
    await assertShown(page, '#facts', [experience.facts]);
    await assertShown(page, '#evaluation_metrics input', experience.evaluation_metrics.map(({ name }) => name));
    await page.locator('#title').fill(`${NAMES[5]} changed`);
    page.watched.allow(/^dialog: $/); // it asks whether to leave what was changed
    await page.reload();
    await page.getByText('Restored what you had typed.').waitFor();
    await harmless(page, 'restored');
    assert.equal(await page.locator('#title').inputValue(), `${NAMES[5]} changed`);

    await page.goto(`${path}/students`);
    await page.locator('#rows a').getByText(student.name).waitFor();
    await harmless(page, 'the class');
    await assertShown(page, '#objectives th', experience.learning_objectives);
    const csv = await page.request.get(`/api/v1${path}/ai_conversations.csv`);
    assert.match(csv.headers()['content-type'], /^text\/csv/);
    assert.match(csv.headers()['content-disposition'], /^attachment; filename="[^"\\]+"; filename\*=UTF-8''[\w%.!~-]+$/);

    // The forms for those without scripts, and what they say when they are sent back.
    await page.setExtraHTTPHeaders({ Accept: 'text/html' });
    await visit(page, `/api/v1${path}/edit`);
    await assertShown(page, '[name="title"], [name$="[title]"]', [experience.title]);
    await page.locator('[name="pedagogical_guidance"], [name$="[pedagogical_guidance]"]').evaluate((node) => { node.value = ''; node.required = false; });
    page.watched.allow(/status of 4\d\d/);
    await page.locator('main form').first().evaluate((form) => form.requestSubmit());
    await page.getByText('be blank').first().waitFor();
    await harmless(page, 'a form sent back');
});

test('names: the class, a student, the account, the start page', async (t) => {
    const names = bundles(NAMES, 255);
    const course = names.find((name) => name.includes('{constructor}'));
    const courseId = await makeCourse(course);
    const [teacher, ...students] = await makePeople(names);
    await enroll(courseId, teacher, 'teacher');
    await inParallel(students, 4, (who) => enroll(courseId, who, 'student'));
    const experience = await makeExperience(courseId, teacher);
    const page = await openGuarded(t, null, { userAgent: 'Firefox <script>__hit=1</script>" onmouseover="__hit=1" x="{id} $& Linux' });
    const path = `/courses/${courseId}/ai_experiences/${experience.id}/students`;
    await signIn(page, teacher, path);
    await page.locator('#rows tr').nth(students.length - 1).waitFor();
    await harmless(page, 'names in a class');
    await assertShown(page, '#rows a', students.map(({ name }) => name));
    await visit(page, `${path}/${students[3].id}`);
    await assertShown(page, 'h1', [students[3].name]);
    assert.equal(await page.title(), `${students[3].name} – Colloquy`);
    await visit(page, '/account');
    await assertShown(page, '#who dd, [data-user]', [teacher.name]);
    await page.locator('#sessions [title*="onmouseover"]').waitFor();
    await visit(page, '/');
    await assertShown(page, '#courses a', [course]);
    for (const where of [`/courses/${courseId}/ai_experiences`, `/courses/${courseId}/ai_experiences?per_page=1`]) {
        await visit(page, where);
        assert.equal(await page.title(), `${course.replace(/\s+/g, ' ')} – Colloquy`);
        await assertShown(page, 'h1', [course]);
    }
});

test('bots and their documents: the list, the form, passages and previews', async (t) => {
    const who = await makeUser();
    const titles = bundles(NAMES, 100);
    const names = bundles(FILE_NAMES, 120).slice(0, 12);
    const starters = titles.slice(0, 10).map((title, i) => ({ title, example: bundles(texts, 1900)[i].replaceAll('\0', '') }));
    await inParallel(titles.entries(), 4, ([n, title]) => api(who).post('/api/chat/bot', {
        id: `hostile-${who.id}-${n}`, title, description: bundles(NAMES, 500)[n % 20], instruction: bundles(NAMES, 19000)[0], display_retrieved_chunks: true,
        conversation_quick_starters: n ? [] : starters,
    }));
    const page = await openGuarded(t);
    await signIn(page, who, '/bots');
    await page.locator('#own > li').nth(titles.length - 1).waitFor();
    await harmless(page, 'bots');
    await assertShown(page, '#own h3', titles.filter((title) => [...title].length <= 100));
    await visit(page, '/bots?query=%22%3E%3Cscript%3E__hit%3D1%3C/script%3E');

    const id = `hostile-${who.id}-0`;
    await page.goto(`/bots/${id}`);
    await page.locator('#starters input').nth(9).waitFor();
    const file = (name, body) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(body) });
    const sources = names.map((name, i) => file(`${name}.txt`, `telescope number ${i}\n\n${bundles(NAMES, 800)[i]}\n\n${name} telescope`));
    sources.push(file('page.html', `<!doctype html><title>telescope</title><script>__hit=1</script><p>telescope</p>${NAMES.join('<p>')}`));
    await page.locator('#file').setInputFiles(sources);
    await page.locator('#files > [data-state=SUCCEEDED]').nth(sources.length - 1).waitFor();
    await harmless(page, 'a bot');
    await assertShown(page, '#starters input', starters.map(({ title }) => title));
    await assertShown(page, '#files bdi', names.map(sent));
    await page.locator('#files button').first().click();
    await page.getByRole('dialog').waitFor();
    await harmless(page, 'asked whether to delete a document');

    await visit(page, `/chat?bot=${id}`);
    await assertShown(page, '#intro button', starters.map(({ title }) => title));
    await model.script('Which telescope is it, number 1 or 2?', { text: 'One[^1], two[^2], <b>three[^3]</b> [^4](javascript:__hit=1) `[^5]` [^constructor] [^1"].' });
    await page.locator('#composer').fill('Which telescope is it, number 1 or 2?');
    await page.keyboard.press('Enter');
    await page.locator('.sources li').nth(2).waitFor();
    await harmless(page, 'sources');
    for (const source of await page.locator('.sources button').all()) {
        await source.click();
        await page.locator('#preview[open]').waitFor();
        await harmless(page, 'a preview');
        assert.ok((await page.locator('#preview pre').textContent()).includes('telescope'));
        await page.keyboard.press('Escape');
    }
});

test('files of an experience, and what is quoted from them', async (t) => {
    const { teacher, student, path } = await makeScene();
    const names = bundles(FILE_NAMES, 120).slice(0, 8);
    const page = await openGuarded(t);
    await signIn(page, teacher, `${path}/edit`);
    await page.locator('#editor').waitFor();
    await page.locator('#file').setInputFiles(names.map((name, i) => (
        { name: `${name}.txt`, mimeType: 'text/plain', buffer: Buffer.from(`barometer ${i}\n\n${bundles(NAMES, 800)[i]}`) })));
    await page.locator('#files > [data-state=completed]').nth(names.length - 1).waitFor();
    await harmless(page, 'files');
    await assertShown(page, '#files a', names.map(sent));
    for (const link of await page.locator('#files a').all()) {
        assert.match(await link.getAttribute('href'), /^(?:https:\/\/localhost:\d+)?\/[\w/]+\?[\w=&-]+$/);
    }
    const download = await page.request.get(await page.locator('#files a').first().getAttribute('href'));
    assert.match(download.headers()['content-security-policy'], /sandbox/);
    assert.doesNotMatch(download.headers()['content-type'], /html|xml|svg/);
    const calls = `/api/v1${path}/conversations`;
    const { id } = await api(student).post(calls);
    await model.script('What does the barometer say?', { text: 'This[^1] and that[^2].' });
    await api(student).post(`${calls}/${id}/messages`, { message: 'What does the barometer say?' });
    await page.context().clearCookies();
    await signIn(page, student, path);
    await page.locator('.sources q').first().waitFor();
    await harmless(page, 'quotations');
});

test('evaluations of a hostile model, and a verdict', async (t) => {
    const { teacher, student, path } = await makeScene();
    const calls = `/api/v1${path}/conversations`;
    const many = bundles(said.filter((text) => text.length < 500), 900);
    const quoted = texts.find((text) => text.includes('<svg'));
    const made = {
        overall_assessment: many[0],
        key_moments: [{ number: 1, evidence: quoted, message_number: 3 }],
        learning_objectives_evaluation: [1, 2].map((number) => ({ number, met: false, score: 1, explanation: many[number] })),
        strengths: many.slice(0, 20), areas_for_improvement: [...many].reverse().slice(0, 20), overall_score: 3,
    };
    await model.script('Evaluate this.', { more: `[[evaluate:text ${JSON.stringify(made).replaceAll(']]', '] ]')}]]` });
    const { id } = await api(student).post(calls);
    await api(student).post(`${calls}/${id}/messages`, { message: quoted });
    await api(student).post(`${calls}/${id}/messages`, { message: 'Evaluate this.' });
    const page = await openGuarded(t);
    await signIn(page, teacher, `${path}/students/${student.id}`);
    await page.getByRole('button', { name: 'Evaluate', exact: true }).click();
    await page.locator('#evaluated li').first().waitFor();
    await harmless(page, 'an evaluation');
    await assertShown(page, '#evaluated li[dir=auto]', [...made.strengths, ...made.areas_for_improvement]);
    await assertShown(page, '#evaluated p.text', [made.overall_assessment, many[1], many[2]]);
    const finding = page.locator('#evaluated form').first();
    await finding.locator('summary').click();
    await finding.locator('[value=true]').check();
    await finding.locator('textarea').fill(many[3]);
    await finding.locator('[value=PUT]').click();
    await finding.locator('.notice').waitFor();
    await harmless(page, 'a verdict');
    await assertShown(page, '#evaluated .notice .text', [many[3]]);
});

test('what stands in an address', async (t) => {
    const { student, path, courseId, teacher, id } = await talking;
    const chosen = bundles(NAMES.filter((text) => text.length < 90), 400);
    const page = await openGuarded(t);
    page.watched.allow(/status of 40\d/);
    const encoded = (n) => encodeURIComponent(chosen[n % chosen.length]);

    // Signing in: the name is said back, and where one wants to go is a path of this site, or is not.
    for (const to of ['javascript:__hit=1', '//evil.invalid/hit', '/\\evil.invalid/hit', '/%09/evil.invalid/hit', 'https://evil.invalid/hit', '/"><script>__hit=1</script>']) {
        await page.goto(`/login?return_to=${encodeURIComponent(to)}&login=${encoded(1)}`);
        await harmless(page, to);
        assert.match(await page.locator('[name=return_to]').inputValue(), /^\/(?![/\\%])/);
    }
    await page.locator('#login').fill(NAMES[0]);
    await page.locator('#password').fill(NAMES[1]);
    await page.locator('main button').click();
    await page.getByRole('alert').waitFor();
    await harmless(page, 'a name said back');
    await assertShown(page, '#login', [NAMES[0]]);

    await signIn(page, teacher, '/');
    const places = ['/', '/account', '/bots', '/bots/new', '/chat', '/chat/nothing', `/courses/${courseId}/ai_experiences`, `${path}?test`, `${path}/edit`, `${path}/students`,
        `${path}/students/${student.id}`, `${path}/conversations/${id}`, `/courses/${courseId}/ai_experiences/new`];
    const names = ['bot', 'q', 'query', 'test', 'sort', 'order', 'page', 'per_page', 'state', 'search_term', 'workflow_state', '__proto__', 'constructor[prototype][x]'];
    for (const [n, place] of places.entries()) {
        const query = names.map((name, i) => `${encodeURIComponent(name)}=${encoded(n + i)}`).join('&');
        await visit(page, `${place}${place.includes('?') ? '&' : '?'}${query}#${n % 2 ? encoded(n) : chosen[n].replace(/\s/g, '')}`, place);
    }
    const paths = ['/courses/<script>__hit=1<∕script>/ai_experiences', `${path}/students/"onload=__hit=1`, '/chat/"><img src=x onerror=__hit=1>', '/bots/__proto__', '/chat/__proto__',
        '/bots/constructor', '/"><script>__hit=1<∕script>', `${path}/<svg onload=__hit=1>`, `/courses/${courseId}/ai_experiences/javascript:__hit=1`];
    for (const one of paths) {
        await visit(page, one.split('/').map(encodeURIComponent).join('/'), one);
    }
});

test('what another program left in this browser’s storage', async (t) => {
    const { student, path } = await talking;
    const page = await openGuarded(t, student);
    const markup = '<img src=x onerror=__hit=1>';
    const words = Object.keys(await (await page.request.get('/lang/de.json')).json());
    const catalogue = Object.fromEntries(words.map((word) => [word, markup + word]));
    await page.route('**/lang/de.json', (route) => route.fulfill({ json: catalogue }));
    for (const language of ['de', `de-${markup}`, markup, '__proto__', 'constructor']) {
        await page.goto('/account');
        await page.evaluate(([tag, text, words, user, place]) => {
            localStorage.setItem('colloquy.language', tag);
            localStorage.setItem('colloquy.catalogue.de', JSON.stringify(words));
            localStorage.setItem(`draft:${user}:${place}`, text);
        }, [language, markup, catalogue, String(student.id), path]);
        await page.reload();
        await harmless(page, `an account in ${language}`);
        assert.equal(await page.getByText(markup).count() > 0, language.startsWith('de'));
        await page.goto(path);
        await page.locator('#composer').waitFor();
        await harmless(page, `a conversation in ${language}`);
        assert.equal(await page.locator('#composer').inputValue(), markup);
    }
});
