// The chat: what streams, branches, sources, and the list at the side.
import assert from 'node:assert/strict';
import test from 'node:test';
import { api, axe, enroll, fits, makeUser, model, open, resize, shot, signIn, site } from './harness.mjs';

// Somebody new, who may use the demo's bot.
async function newcomer() {
    const who = await makeUser('Uma Chatter');
    await enroll(site.courseId, who, 'student');
    return who;
}

const input = (page) => page.locator('#composer');
const replies = (page) => page.locator('.reply .actions > .actions');
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.ariaLabel || document.activeElement.textContent);

async function say(page, text) {
    await input(page).fill(text);
    await page.keyboard.press('Enter');
}

// Until the n-th reply stands there as it was stored.
async function settled(page, n = 1) {
    await replies(page).nth(n - 1).waitFor();
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'hidden' });
}

// A chat that is there already: what was said, in order.
async function makeChat(who, id, ...texts) {
    for (const body of texts) {
        await api(who).post('/api/chat/conversation', { conversation_id: id, message: { content: [{ content_type: 'text', body }] } });
    }
}

test('a chat with a bot: it streams, is titled and listed, and names its sources', async (t) => {
    const who = await newcomer();
    await model.script('Where are the office hours?', { text: 'On **Tuesdays** in the observatory[^1]; not[^9].', isHeld: true });
    const page = await open(t, who);
    await page.goto(`/chat?bot=${site.botId}`);
    await page.getByText('Answers questions about the reading').waitFor();
    await page.getByText('Only you can read your chats.').waitFor();
    await axe(page, 'a new chat');
    await fits(page, 'a new chat');
    assert.ok(await page.getByLabel('Title').isDisabled());
    await shot(page, 'chat-new');
    await say(page, 'Where are the office hours?');
    await page.locator('.streaming .raw').waitFor();
    await page.waitForURL(/\/chat\/[\w-]{36}$/);
    await model.go('Where are the office hours?');
    await settled(page);
    assert.equal(await focused(page), 'composer');
    assert.equal(await input(page).inputValue(), '');
    assert.equal(await page.locator('.reply strong').textContent(), 'Tuesdays');
    assert.match(await page.locator('.reply .body').textContent(), /not\[\^9\]/);
    const title = page.locator('#list [aria-current=page]');
    await title.waitFor();
    assert.equal(await title.textContent(), await page.getByLabel('Title').inputValue());
    assert.match(await page.title(), /^Summary of 2 messages/);
    assert.equal(await focused(page), 'composer', 'the title comes without taking the focus');

    await page.locator('.reply').getByRole('link', { name: 'Source 1' }).click();
    assert.equal(await page.evaluate(() => document.querySelector(location.hash).value), 1);
    const source = page.locator('.sources button').first();
    assert.match(await page.locator('.sources q').first().textContent(), /observatory/);
    await source.click();
    const dialog = page.getByRole('dialog', { name: await source.textContent() });
    await dialog.getByText('Do I need mathematics for this course?').waitFor();
    await axe(page, 'a preview');
    await shot(page, 'chat-preview');
    await page.keyboard.press('Escape');
    assert.equal(await focused(page), await source.textContent());
    await axe(page, 'a chat');
    await fits(page, 'a chat');
    await shot(page, 'chat');
    await page.reload();
    await settled(page);
    assert.equal(await page.locator('.reply strong').textContent(), 'Tuesdays');
    assert.equal(await page.locator('.sources li').count(), 1);
});

test('a source in a PDF is opened at its page; one that is gone says so', async (t) => {
    const who = await newcomer();
    const content = [{ content_type: 'text', body: 'When is the essay handed in, and how long is the syllabus?' }];
    await api(who).post('/api/chat/conversation', { conversation_id: 'pdf', bot_id: site.botId, message: { content } });
    const page = await open(t, who);
    await page.goto('/chat/pdf');
    const source = page.locator('.sources li', { hasText: 'syllabus.pdf' }).first();
    const number = (await source.textContent()).match(/page (\d+)/)[1];
    await source.getByRole('button').click();
    const link = page.getByRole('link', { name: 'Open the document' });
    const href = await link.getAttribute('href');
    assert.match(href, new RegExp(`/files/\\d+\\?.*signature=.*#page=${number}$`));
    assert.deepEqual([await link.getAttribute('target'), await link.getAttribute('rel')], ['_blank', 'noopener']);
    const served = await page.request.get(href);
    assert.equal(served.headers()['content-type'], 'application/pdf');
    await page.getByRole('button', { name: 'Close' }).click();
    page.watched.allow(/404/);
    await page.route('**/preview', (route) => route.fulfill({ status: 404, json: { detail: 'x', errors: ['x'], code: 'source_gone' } }));
    await source.getByRole('button').click();
    await page.getByRole('alert').getByText('This document is not here any more').waitFor();
});

test('a reply again and a message changed are branches', async (t) => {
    const who = await newcomer();
    await makeChat(who, 'tree', 'one apple', 'two pears');
    const page = await open(t, who);
    await page.goto('/chat/tree');
    await settled(page, 2);
    const own = page.locator('.own');

    await page.getByRole('button', { name: 'Regenerate' }).last().click();
    await own.getByText('Version 2 of 2').waitFor();
    await settled(page, 2);
    assert.deepEqual(await own.locator('.body').allTextContents(), ['one apple', 'two pears']);
    assert.notEqual(await focused(page), '', 'the focus is somewhere');

    await own.first().getByRole('button', { name: 'Edit' }).click();
    const dialog = page.getByRole('dialog', { name: 'Edit your message' });
    assert.equal(await dialog.getByRole('textbox').inputValue(), 'one apple');
    await axe(page, 'a message being edited');
    await page.keyboard.press('Escape');
    assert.equal(await own.count(), 2, 'giving up changes nothing');
    await own.first().getByRole('button', { name: 'Edit' }).click();
    await dialog.getByRole('textbox').fill('one plum');
    await dialog.getByRole('button', { name: 'Send' }).click();
    await own.getByText('one plum').waitFor();
    await settled(page);
    assert.deepEqual(await own.locator('.body').allTextContents(), ['one plum']);
    await shot(page, 'chat-versions');
    await axe(page, 'versions');

    // Down to the newest leaf, and back: what is shorter does not move the page either.
    await resize(page, 1280, 500);
    const turn = async (name, text) => {
        const arrow = own.first().getByRole('button', { name });
        await arrow.evaluate((node) => node.scrollIntoView(true));
        await arrow.focus();
        const before = await page.evaluate(() => scrollY);
        assert.ok(before > 0);
        await page.keyboard.press('Enter');
        await own.getByText(text).waitFor();
        assert.equal(await focused(page), name);
        assert.equal(await page.evaluate(() => scrollY), before);
    };
    await turn('Previous version', 'one apple');
    assert.deepEqual(await own.locator('.body').allTextContents(), ['one apple', 'two pears']);
    await own.getByText('Version 2 of 2').waitFor(); // of the second message
    await turn('Next version', 'one plum');
    await turn('Previous version', 'one apple');

    await say(page, 'three figs');
    await settled(page, 3);
    await page.reload();
    await settled(page, 3);
    assert.deepEqual(await own.locator('.body').allTextContents(), ['one apple', 'two pears', 'three figs']);
});

test('a message that failed is tried again in its place', async (t) => {
    const who = await newcomer();
    const text = `fail ${who.id}`;
    await model.script(text, { status: 500 });
    const page = await open(t, who);
    await page.goto('/chat');
    page.watched.allow(/50[0-9]/);
    await say(page, text);
    await page.getByRole('alert').waitFor();
    await page.locator('.own').getByText('not answered').waitFor();
    await axe(page, 'a message that failed');
    await page.reload();
    await model.script(text, { text: 'now it works' });
    await page.getByRole('button', { name: 'Try again' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.reply').getByText('now it works').waitFor();
    await settled(page);
    assert.equal(await page.locator('.own').count(), 1);
    assert.equal(await page.getByText('not answered').count(), 0);
    assert.equal(await page.locator('.own').getByText('Version').count(), 0);
    assert.equal(await focused(page), 'composer');
});

test('what the server refuses to take is not lost', async (t) => {
    const who = await newcomer();
    await makeChat(who, 'refused', 'one apple');
    const page = await open(t, who);
    await page.goto('/chat/refused');
    page.watched.allow(/429/);
    const refusal = { status: 429, headers: { 'Retry-After': '7' }, json: { detail: 'x', code: 'busy' } };
    await page.route('**/api/chat/conversation', (route) => route.fulfill(refusal));
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('one plum');
    await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
    await page.getByRole('alert').getByText('Try again in 7 seconds.').waitFor();
    assert.deepEqual(await page.locator('.own .body').allTextContents(), ['one apple']);
    assert.equal(await page.locator('.reply').count(), 1);
    assert.equal(await input(page).inputValue(), 'one plum');
});

test('an edited message is not lost beside a draft, nor while a reply comes', async (t) => {
    const who = await makeUser();
    await makeChat(who, 'edits', 'one apple');
    await model.script('a reply that takes its time', { words: 200, perSecond: 20 });
    const page = await open(t, who);
    await page.goto('/chat/edits');
    await settled(page);
    page.watched.allow(/429/);
    await page.route('**/api/chat/conversation', (route) => route.fulfill({ status: 429, json: { detail: 'x', code: 'busy' } }), { times: 1 });
    await input(page).fill('a draft');
    const edit = page.locator('.own').first().getByRole('button', { name: 'Edit' });
    await edit.click();
    await page.getByRole('dialog').getByRole('textbox').fill('one plum');
    await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
    await page.getByRole('alert').waitFor();
    assert.equal(await input(page).inputValue(), 'a draft\n\none plum');

    await say(page, 'a reply that takes its time');
    await page.locator('.streaming .raw').waitFor();
    await edit.click();
    await page.locator('#count').getByText('A reply is still on its way.').waitFor();
    assert.equal(await page.getByRole('dialog').count(), 0);
    await page.keyboard.press('Escape');
    await settled(page, 2);
    assert.equal(await page.locator('#count').textContent(), '', 'that is over');
});

test('what could not be sent goes first, and what is written meanwhile waits', async (t) => {
    const who = await makeUser();
    await makeChat(who, 'queue', 'one apple');
    const page = await open(t, who);
    await page.goto('/chat/queue');
    await settled(page);
    page.watched.allow(/ERR_FAILED|ERR_INTERNET_DISCONNECTED/);
    await page.route('**/api/chat/conversation', (route) => route.abort());
    await say(page, 'two pears');
    await page.getByText('not sent').waitFor();
    await say(page, 'three figs');
    await page.getByText('not sent').waitFor();
    assert.equal(await input(page).inputValue(), 'three figs');
    await page.unroute('**/api/chat/conversation');
    await page.keyboard.press('Enter');
    await settled(page, 2);
    await page.keyboard.press('Enter');
    await settled(page, 3);
    await page.context().setOffline(true);
    await page.context().setOffline(false);
    assert.deepEqual(await page.locator('.own .body').allTextContents(), ['one apple', 'two pears', 'three figs']);
    assert.equal(await page.locator('.own').getByText('Version').count(), 0);
    assert.equal(await input(page).inputValue(), '');
});

test('what is sent at last goes after what came meanwhile', async (t) => {
    const who = await newcomer();
    await makeChat(who, 'later', 'one apple');
    const page = await open(t, who);
    await page.goto('/chat/later');
    await settled(page);
    page.watched.allow(/ERR_FAILED/);
    await page.route('**/api/chat/conversation', (route) => route.abort(), { times: 1 });
    await say(page, 'two pears');
    await page.getByText('not sent').waitFor();
    await makeChat(who, 'later', 'one plum');
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await settled(page, 2);
    await page.getByRole('button', { name: 'Try again' }).click();
    await settled(page, 3);
    assert.deepEqual(await page.locator('.own .body').allTextContents(), ['one apple', 'one plum', 'two pears']);
    assert.equal(await page.locator('.own').getByText('Version').count(), 0);
});

test('signed in anew in another window, one is told to reload, and keeps the text', async (t) => {
    const who = await makeUser();
    const page = await open(t, who);
    await page.goto('/chat');
    await input(page).waitFor();
    page.watched.allow(/403/);
    const other = await page.context().newPage();
    await page.context().clearCookies();
    await signIn(other, who);
    await say(page, 'one apple');
    await page.getByRole('alert').getByText('Reload the page.').waitFor();
    await page.reload();
    await page.waitForFunction(() => document.querySelector('#composer').value === 'one apple');
});

test('a chat whose bot is gone goes on without it, and says so', async (t) => {
    const who = await makeUser();
    const id = `gone-${who.id}`;
    await api(who).post('/api/chat/bot', { id, title: 'Gone soon', instruction: 'Be brief.', display_retrieved_chunks: true });
    const page = await open(t, who);
    await page.goto(`/chat?bot=${id}`);
    await page.getByRole('link', { name: 'Gone soon' }).waitFor();
    await say(page, 'one apple');
    await settled(page);
    await api(who).delete(`/api/chat/bot/${id}`);
    await say(page, 'two pears');
    await settled(page, 2);
    page.watched.allow(/404/);
    await page.reload();
    await page.getByRole('alert').getByText('This bot is not here any more').waitFor();
    await say(page, 'three figs');
    await settled(page, 3);
    assert.equal(await page.getByRole('alert').count(), 0);
});

test('what was said in another window is there when one comes back', async (t) => {
    const who = await makeUser();
    await makeChat(who, 'windows', 'one apple');
    const page = await open(t, who);
    await page.goto('/chat/windows');
    await settled(page);
    await makeChat(who, 'windows', 'two pears');
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await settled(page, 2);
    await say(page, 'three figs');
    await settled(page, 3);
    assert.deepEqual(await page.locator('.own .body').allTextContents(), ['one apple', 'two pears', 'three figs']);
});

test('a chat opens at its end, formulas and all, and until then shows nothing else', async (t) => {
    const who = await makeUser();
    await model.script('many formulas', { text: Array(40).fill('$$\\frac{\\frac{a}{b}}{\\frac{c}{d}}$$').join('\n\n') });
    await makeChat(who, 'formulas', 'many formulas');
    const page = await open(t, who);
    await page.route('**/api/chat/conversation/formulas?*', async (route) => {
        await page.getByText('Only you can read your chats.').waitFor();
        assert.equal(await page.locator('#intro').isVisible(), false);
        await route.continue();
    });
    await page.goto('/chat/formulas');
    await page.locator('.katex').nth(39).waitFor();
    await page.evaluate(() => document.fonts.ready);
    await page.waitForFunction(() => document.querySelector('#latest').getBoundingClientRect().bottom <= innerHeight + 1);
});

test('a browser that does not let one copy says so', async (t) => {
    const who = await makeUser();
    await makeChat(who, 'copying', 'one apple');
    const page = await open(t, who);
    await page.addInitScript(() => { navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError')); });
    await page.goto('/chat/copying');
    await settled(page);
    const copy = page.locator('.own').getByRole('button').first();
    await copy.click();
    await page.waitForFunction((node) => node.textContent === 'The browser forbids it', await copy.elementHandle());
});

test('past a hundred conversations to one’s message by one key, and to their deletion without scrolling', async (t) => {
    const who = await makeUser();
    const page = await open(t, who);
    const chats = Array.from({ length: 100 }, (_, i) => ({ id: `many-${i}`, title: `Conversation ${i}`, create_time: 1704067200 - i }));
    await page.route('**/api/chat/conversations', (route) => route.fulfill({ json: chats }));
    await page.goto('/chat');
    await page.getByText('100 conversations').waitFor();
    await page.locator('body > .skip').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Skip to your message');
    await page.keyboard.press('Enter');
    assert.equal(await focused(page), 'composer');
    await page.getByLabel('Select', { exact: true }).check();
    await page.locator('#list input').first().check();
    const { y, height } = await page.getByRole('button', { name: 'Delete what is selected' }).boundingBox();
    assert.ok(y + height <= 800, `it is at ${y}`);
    await axe(page, 'many conversations, one selected');
});

test('that one is offline is in sight wherever one reads; on paper code is whole', async (t) => {
    const who = await makeUser();
    const line = 'a long line of code '.repeat(20);
    await model.script('much code', { text: `${'words\n\n'.repeat(40)}\`\`\`\n${line}\n\`\`\`` });
    await makeChat(who, 'paper', 'much code');
    const page = await open(t, who);
    await page.goto('/chat/paper');
    await settled(page);
    assert.ok(await page.evaluate(() => scrollY) > 0);
    await page.context().setOffline(true);
    const { y } = await page.getByText('You are offline.').boundingBox();
    assert.equal(y, 0);
    await page.context().setOffline(false);
    await page.emulateMedia({ media: 'print' });
    const [inner, outer] = await page.locator('.body pre').evaluate((node) => [node.scrollWidth, node.clientWidth]);
    assert.ok(inner <= outer, `${inner} pixels of code in ${outer}`);
});

test('stop, go on, and come back in the middle', async (t) => {
    const who = await newcomer();
    await model.script('tell me slowly', { words: 1000, perSecond: 20 });
    await model.script('tell me half', { text: 'the first half', finish: 'length' });
    await model.script('tell me later', { words: 12, isHeld: true });
    const page = await open(t, who);
    await page.goto('/chat');
    await say(page, 'tell me slowly');
    await page.locator('.streaming .raw').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.reply').getByText('stopped').waitFor();
    await page.reload();
    await page.locator('.reply').getByText('stopped').waitFor();
    await settled(page);

    await say(page, 'tell me half');
    await settled(page, 2);
    await page.getByRole('button', { name: 'Continue' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.reply').nth(1).getByText(/^the first half.+/).waitFor();
    await settled(page, 2);
    assert.equal(await page.getByRole('button', { name: 'Continue' }).count(), 0);
    assert.equal(await focused(page), 'composer');
    assert.equal(await page.locator('.reply').count(), 2);

    await say(page, 'tell me later');
    await page.waitForFunction(() => document.querySelector('#composer').value === '');
    await page.reload();
    await page.getByText('Thinking…').waitFor();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await model.go('tell me later');
    await settled(page, 3);
    assert.equal(await page.locator('.own').count(), 3);
});

test('a bad vote says why, and votes are there again', async (t) => {
    const who = await newcomer();
    await makeChat(who, 'votes', 'one apple', 'two pears');
    const page = await open(t, who);
    await page.goto('/chat/votes');
    await page.getByRole('button', { name: 'Good reply' }).first().click();
    await page.getByRole('button', { name: 'Good reply', pressed: true }).waitFor();
    await page.getByRole('button', { name: 'Bad reply' }).last().click();
    await page.getByLabel('Kind').selectOption('Not true');
    await page.getByLabel('Why? (optional)').fill('pears are no apples');
    await axe(page, 'a bad vote');
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.getByRole('button', { name: 'Bad reply', pressed: true }).waitFor();
    await page.reload();
    await settled(page, 2);
    const pressed = (name) => page.getByRole('button', { name, pressed: true }).count();
    assert.deepEqual([await pressed('Good reply'), await pressed('Bad reply')], [1, 1]);
    const { message_map: map } = await api(who).get('/api/chat/conversation/votes');
    const given = Object.values(map).map(({ feedback }) => feedback).filter((feedback) => feedback && !feedback.thumbs_up);
    assert.deepEqual(given, [{ thumbs_up: false, category: 'untrue', comment: 'pears are no apples' }]);
});

test('the list: search, rename, delete', async (t) => {
    const who = await newcomer();
    const hostile = '<img src=x onerror=alert(1)> & "tags" &lt;em&gt;';
    await makeChat(who, 'apples', 'where do apples <em>grow</em> & fall?');
    await makeChat(who, 'pears', 'how are pears kept?');
    await makeChat(who, 'plums', 'plums, please');
    const page = await open(t, who);
    await page.goto('/chat/apples');
    await settled(page);
    const titles = page.locator('#list a');
    assert.equal(await titles.count(), 3);
    await page.getByLabel('Title').fill(hostile);
    await page.keyboard.press('Enter');
    await titles.getByText(hostile).waitFor();
    assert.equal(await page.title(), `${hostile} – Colloquy`);
    assert.equal(await focused(page), 'title');

    await page.getByLabel('Search conversations').fill('apples');
    await page.getByText('One conversation', { exact: true }).waitFor();
    assert.equal(await page.locator('#list mark').first().textContent(), 'apples');
    assert.match(await page.locator('#list q').first().textContent(), /apples <em>grow<\/em> & fall/);
    await axe(page, 'what was found');
    await shot(page, 'chat-search');
    await page.getByLabel('Search conversations').fill('nowhere');
    await page.getByText('0 conversations').waitFor();
    await page.getByLabel('Search conversations').fill('');
    await page.getByText('3 conversations').waitFor();

    await page.getByLabel('Select', { exact: true }).check();
    const boxes = page.locator('#list input');
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    await axe(page, 'conversations selected');
    await shot(page, 'chat-select');
    await page.getByRole('button', { name: 'Delete what is selected' }).click();
    await page.getByRole('dialog').getByText(/^Summary.*New|^New conversation, New conversation$/).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('One conversation', { exact: true }).waitFor();
    assert.deepEqual(await titles.allTextContents(), [hostile]);
    assert.equal(await focused(page), 'select');

    await page.locator('.title').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByText(hostile).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.waitForURL('**/chat');
    await page.getByText('0 conversations').waitFor();
});

test('a model can be chosen where there are several, and none says so', async (t) => {
    const who = await newcomer();
    await makeChat(who, 'models', 'one apple');
    const page = await open(t, who);
    const { models: [first] } = await api(who).get('/api/chat/config/global');
    await page.route('**/config/global', (route) => route.fulfill({
        json: { models: [{ model_id: 'another', label: 'another' }, first], default_model: 'another' },
    }));
    await page.route('**/api/v1/site', (route) => route.fulfill({ json: { model: { notice: 'No language model is configured.' } } }));
    await page.goto('/chat/models');
    await page.getByText('No language model is configured.').waitFor();
    const choice = page.getByLabel('Model');
    assert.equal(await choice.inputValue(), first.model_id, 'that of the chat');
    await choice.selectOption('another');
    await axe(page, 'a choice of models');
    await fits(page, 'a choice of models');
    const sent = page.waitForRequest((request) => request.method() === 'POST');
    page.watched.allow(/400/);
    await say(page, 'two pears');
    assert.equal((await sent).postDataJSON().message.model, 'another');
    await page.getByRole('alert').waitFor();
    assert.equal(await input(page).inputValue(), 'two pears');
});

test('what is not there says so', async (t) => {
    const page = await open(t, await newcomer());
    page.watched.allow(/404/);
    await page.goto('/chat/nothing-here');
    await page.getByRole('alert').getByText('This is not here').waitFor();
    await page.goto('/chat?bot=no-such-bot');
    await page.getByRole('alert').getByText('This bot is not here').waitFor();
});

test('starters of a bot, by keyboard, on a phone; the draft stays', async (t) => {
    const who = await newcomer();
    const { id } = await api(who).post('/api/chat/bot', {
        id: `starter-${who.id}`, title: '<i>Bot</i>', instruction: 'Be brief.', display_retrieved_chunks: true,
        conversation_quick_starters: [{ title: 'Say hello', example: 'hello from a starter' }, { title: 'Say bye', example: 'bye' }],
    });
    const page = await open(t, who, { viewport: { width: 390, height: 844 }, hasTouch: true });
    await page.goto(`/chat?bot=${id}`);
    await page.getByRole('link', { name: '<i>Bot</i>' }).waitFor();
    assert.equal(await page.locator('#list').isVisible(), false);
    await page.getByText('Conversations', { exact: true }).press('Enter');
    assert.equal(await page.locator('#side').getAttribute('open'), '');
    await axe(page, 'a phone');
    const [above, below] = await Promise.all(['Say hello', 'Say bye'].map((name) => page.getByRole('button', { name }).boundingBox()));
    assert.ok(below.x > above.x + above.width || below.y > above.y + above.height, 'buttons do not touch');
    await page.getByRole('button', { name: 'Say hello' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.own').getByText('hello from a starter').waitFor();
    await settled(page);
    assert.equal(await page.getByRole('button', { name: 'Say hello' }).isVisible(), false);
    await input(page).fill('half a thought');
    await page.waitForFunction(() => Object.values(localStorage).includes('half a thought'));
    await page.reload();
    await page.waitForFunction(() => document.querySelector('#composer')?.value === 'half a thought');
    await page.goto('/chat');
    await page.getByRole('link', { name: 'Choose a bot' }).waitFor();
    assert.equal(await input(page).inputValue(), '');
});
