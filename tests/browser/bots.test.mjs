// Bots: the list, the form, documents.
import assert from 'node:assert/strict';
import test from 'node:test';
import { api, axe, enroll, fits, makeClass, makeCourse, makeUser, open, shot, site } from './harness.mjs';

const BOT = { instruction: 'You help.', display_retrieved_chunks: true };
const makeBot = (who, fields) => api(who).post('/api/chat/bot', { id: `bot-${Math.random().toString(36).slice(2)}`, ...BOT, ...fields });
const bot = (who, id) => api(who).get(`/api/chat/bot/private/${id}`);
const file = (name, text, mimeType = 'text/plain') => ({ name, mimeType, buffer: Buffer.from(text) });
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const section = (page, name) => page.locator(`h2:text-is("${name}") + ul`);

// As that person, whom the harness's api() has no call for.
async function patch(page, path, body) {
    const status = await page.evaluate(async ([to, json]) => {
        const [, token] = document.cookie.match(/_csrf_token=([^;]*)/);
        const headers = { 'X-CSRF-Token': token, 'Content-Type': 'application/json' };
        return (await fetch(to, { method: 'PATCH', headers, body: JSON.stringify(json) })).status;
    }, [path, body]);
    assert.equal(status, 200);
}

async function edit(t, who, id, options) {
    const page = await open(t, who, options);
    await page.goto(`/bots/${id}`);
    await page.getByLabel('Title', { exact: true }).waitFor();
    return page;
}

async function save(page) {
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.', { exact: true }).waitFor();
}

test('the list: own and shared ones, stars, a search', async (t) => {
    const { courseId, teacher, student } = await makeClass();
    const own = await makeBot(student, { title: 'Mine <b>only</b>', description: 'For me' });
    const shared = await makeBot(teacher, { title: 'Course helper', description: 'Knows the syllabus' });
    await makeBot(teacher, { title: 'Hidden from students' });
    const teaching = await open(t, teacher);
    await patch(teaching, `/api/chat/bot/${shared.id}/visibility`, { target_shared_scope: 'partial', target_allowed_group_ids: [String(courseId)], target_allowed_user_ids: [] });
    const page = await open(t, student);
    await page.goto('/bots');
    await section(page, 'My bots').getByText('Mine <b>only</b>').waitFor();
    const row = section(page, 'Shared with me').getByRole('listitem').filter({ hasText: 'Course helper' });
    assert.equal(await page.getByText('Hidden from students').count(), 0);
    assert.equal(await row.getByRole('link', { name: 'Edit Course helper' }).isVisible(), false);
    assert.equal(await row.getByRole('link', { name: 'Chat with Course helper' }).getAttribute('href'), `/chat?bot=${shared.id}`);
    const star = row.getByRole('button', { name: 'Star Course helper' });
    await star.click();
    await page.locator('[aria-pressed="true"]').waitFor();
    await axe(page, 'the list');
    await fits(page, 'the list');
    await shot(page, 'bots-list');
    await page.reload();
    assert.equal(await star.getAttribute('aria-pressed'), 'true');
    await star.press('Enter');
    await row.locator('[aria-pressed="false"]').waitFor();
    await page.getByLabel('Search by title and description').fill('syllabus');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/bots?query=syllabus');
    await row.waitFor();
    assert.equal(await page.getByText('Mine <b>only</b>').count(), 0);
    await axe(page, 'what was found');
    await shot(page, 'bots-found');
    await page.getByRole('link', { name: 'Show all bots' }).click();
    await page.getByRole('link', { name: 'Edit Mine <b>only</b>' }).click();
    await page.waitForURL(`**/bots/${own.id}`);
});

test('what was typed outlives a reload, may be discarded, and takes back nothing of anybody else', async (t) => {
    const who = await makeUser();
    const { id } = await makeBot(who, { title: 'Before' });
    const page = await edit(t, who, id);
    page.watched.allow(/^dialog: /);
    await page.getByLabel('Title', { exact: true }).fill('Typed');
    await page.getByRole('button', { name: 'Add a quick starter' }).click();
    await page.getByLabel('Words on the button').fill('Begin');
    await patch(page, `/api/chat/bot/${id}`, { description: 'Meanwhile' });
    await page.reload();
    await page.getByText('Restored what you had typed.').waitFor();
    assert.equal(await page.getByLabel('Title', { exact: true }).inputValue(), 'Typed');
    assert.equal(await page.getByLabel('Words on the button').inputValue(), 'Begin');
    assert.equal(await page.locator('#description').inputValue(), 'Meanwhile');
    await axe(page, 'restored');
    await page.getByRole('button', { name: 'Discard it' }).click();
    assert.equal(await focused(page), 'title');
    assert.equal(await page.getByLabel('Title', { exact: true }).inputValue(), 'Before');
    assert.equal(await page.getByLabel('Words on the button').count(), 0);
    await page.reload();
    await page.getByLabel('Title', { exact: true }).waitFor();
    assert.equal(await page.getByText('Restored what you had typed.').isVisible(), false);
});

test('a new bot whose answer is lost is there once, as it was saved at last', async (t) => {
    const who = await makeUser();
    const page = await open(t, who);
    page.watched.allow(/Failed to load|ERR_FAILED|status of 409/);
    await page.goto('/bots/new');
    await page.getByLabel('Title', { exact: true }).fill('Typed');
    await page.route('**/api/chat/bot', async (route) => {
        await route.fetch();
        await route.abort();
    }, { times: 1 });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText('No connection').waitFor();
    await page.getByLabel('Title', { exact: true }).fill('Typed, and more');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL(/bots\/[\w-]{36}$/);
    assert.deepEqual((await api(who).get('/api/chat/bot')).map(({ title }) => title), ['Typed, and more']);
});

test('no bots yet, and none may be made', async (t) => {
    const page = await open(t, await makeUser());
    await page.route('**/api/v1/users/self', async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...await answer.json(), permissions: { create_bot: false, share_bot_with_all: false } } });
    });
    await page.goto('/bots');
    await page.getByRole('heading', { name: 'My bots' }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'New bot' }).isVisible(), false);
    await axe(page, 'no bots');
});

test('a bot is made by keyboard alone, and keeps what the page does not show', async (t) => {
    const { courseId, student } = await makeClass();
    const page = await open(t, student);
    await page.goto('/bots');
    await page.getByRole('link', { name: 'New bot' }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Title', { exact: true }).click();
    await axe(page, 'a new bot');
    await shot(page, 'bots-new');
    await page.keyboard.press('Enter');
    await page.getByText('Title must not be empty').waitFor();
    assert.equal(await focused(page), 'title');
    await page.keyboard.type('Kinetics');
    await page.keyboard.press('Tab');
    await page.keyboard.type('On reactions');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Answer shortly.');
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'add');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Begin');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Where do we begin?');
    await page.getByLabel('Everyone in chosen courses').focus();
    await page.keyboard.press('Space');
    await page.getByLabel('A course').focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Save' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname !== '/bots/new');
    await page.getByRole('link', { name: 'Chat with this bot' }).waitFor();
    const id = page.url().split('/').at(-1);
    const made = await bot(student, id);
    assert.deepEqual([made.title, made.description, made.instruction], ['Kinetics', 'On reactions', 'Answer shortly.']);
    assert.deepEqual(made.conversation_quick_starters, [{ title: 'Begin', example: 'Where do we begin?' }]);
    assert.deepEqual([made.shared_scope, made.allowed_cognito_groups], ['partial', [String(courseId)]]);
    const other = await makeUser();
    const params = { max_tokens: 77, top_k: 5, top_p: 0.5, temperature: 0.25, stop_sequences: ['END'], reasoning_params: { budget_tokens: 2048 } };
    await patch(page, `/api/chat/bot/${id}`, { generation_params: params, instruction: 'a\r\nb' });
    await patch(page, `/api/chat/bot/${id}/visibility`, { target_shared_scope: 'partial', target_allowed_group_ids: [String(courseId)], target_allowed_user_ids: [String(other.id)] });
    await page.reload();
    await page.getByLabel('Description', { exact: true }).fill('On rates');
    await page.getByRole('button', { name: 'Remove' }).click();
    assert.equal(await focused(page), 'add');
    const sent = page.waitForRequest((request) => request.method() === 'PATCH');
    await save(page);
    assert.deepEqual((await sent).postDataJSON(), { description: 'On rates', conversation_quick_starters: [] });
    await page.getByLabel('A course').uncheck();
    await save(page);
    const now = await bot(student, id);
    assert.deepEqual([now.generation_params, now.instruction, now.description], [params, 'a\r\nb', 'On rates']);
    assert.deepEqual([now.allowed_cognito_groups, now.allowed_cognito_users], [[], [String(other.id)]]);
});

test('documents: sent, read, refused, replaced, deleted', async (t) => {
    const owner = await makeUser();
    const { id } = await makeBot(owner, { title: 'Reader' });
    const page = await edit(t, owner, id);
    page.watched.allow(/status of (400|415)/);
    await page.getByText('There are no documents yet.').waitFor();
    await page.getByLabel('Choose files').setInputFiles([file('notes.txt', 'Water boils at 100 degrees.'), file('run.exe', 'MZ\x90\0\x03\0\0\0'), file('empty.txt', ''), file('scan.pdf', '%PDF-1.4 broken')]);
    const documents = page.locator('#files');
    await documents.getByRole('listitem').filter({ hasText: 'notes.txt' }).getByText('is ready').waitFor();
    await documents.getByRole('listitem').filter({ hasText: 'scan.pdf' }).locator('.FAILED:visible').waitFor();
    const row = (name) => documents.getByRole('listitem').filter({ hasText: name });
    await row('run.exe').getByRole('alert').getByText('This kind of file is not supported.').waitFor();
    await row('empty.txt').getByRole('alert').waitFor();
    await row('empty.txt').getByText('not added').waitFor();
    await axe(page, 'documents');
    await fits(page, 'documents');
    await shot(page, 'bots-documents');
    await page.getByLabel('Choose files').setInputFiles([file('notes.txt', 'Ice melts at 0 degrees.')]);
    await row('notes.txt').nth(1).waitFor({ state: 'detached' }); // takes the place of the other
    await row('notes.txt').getByText('is ready').waitFor();
    await page.getByRole('button', { name: 'Remove notes.txt' }).click();
    await page.getByRole('dialog', { name: 'Remove “notes.txt”?' }).getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await focused(page), 'Remove');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await documents.getByText('notes.txt').waitFor({ state: 'detached' });
    assert.equal(await focused(page), 'Remove', 'of the next one');
});

test('files are dropped, and a big one is refused', async (t) => {
    const owner = await makeUser();
    const { id } = await makeBot(owner, { title: 'Dropped' });
    const page = await edit(t, owner, id);
    page.watched.allow(/status of 413/);
    const session = await page.context().newCDPSession(page);
    const { writeFileSync, mkdtempSync } = await import('node:fs');
    const { join } = await import('node:path');
    const { tmpdir } = await import('node:os');
    const path = join(mkdtempSync(join(tmpdir(), 'drop-')), 'dropped.txt');
    writeFileSync(path, 'Dropped words.');
    const place = page.getByText('Choose files, or drop them here');
    await place.scrollIntoViewIfNeeded();
    const box = await place.boundingBox();
    const at = { x: box.x + box.width / 2, y: box.y + box.height / 2, data: { items: [], files: [path], dragOperationsMask: 1 } };
    for (const type of ['dragEnter', 'dragOver', 'drop']) {
        await session.send('Input.dispatchDragEvent', { type, ...at });
    }
    await page.locator('#files').getByText('dropped.txt').waitFor();
    writeFileSync(path, 'x'.repeat((20 << 20) + 1));
    await page.getByLabel('Choose files').setInputFiles(path);
    await page.locator('#files').getByText('That is too large.').waitFor();
    let send;
    await page.route('**/documents', (route) => { send = () => route.continue(); }, { times: 1 });
    await page.getByLabel('Choose files').setInputFiles([file('slow.txt', 'Slow words.')]);
    const row = page.getByRole('listitem').filter({ hasText: 'slow.txt' });
    await row.getByText('is being sent…').waitFor();
    assert.equal(await row.getByRole('button').count(), 0, 'what is not there cannot be removed');
    send();
    await row.getByRole('button', { name: 'Remove slow.txt' }).waitFor();
});

test('what was changed is not left without asking; the bot is deleted once asked', async (t) => {
    const owner = await makeUser();
    const { id } = await makeBot(owner, { title: 'Passing' });
    const page = await edit(t, owner, id);
    await page.getByRole('link', { name: 'All bots' }).click();
    await page.waitForURL('**/bots');
    await page.goBack();
    await page.getByLabel('Description', { exact: true }).fill('changed');
    page.watched.allow(/beforeunload|dialog/);
    const asked = page.waitForEvent('dialog');
    await page.getByRole('link', { name: 'All bots' }).click();
    assert.equal((await asked).type(), 'beforeunload');
    await page.waitForURL('**/bots');
    await page.goto(`/bots/${id}`);
    await page.getByRole('button', { name: 'Delete the bot' }).click();
    await page.getByRole('dialog', { name: 'Delete “Passing”?' }).getByRole('button', { name: 'Delete' }).click();
    await page.waitForURL('**/bots');
    await page.getByRole('heading', { name: 'My bots' }).waitFor();
    assert.equal(await page.getByText('Passing').count(), 0);
});

test('faults of the server: nothing typed is lost, and it can be saved again', async (t) => {
    const owner = await makeUser();
    const { id } = await makeBot(owner, { title: 'Unlucky' });
    const page = await edit(t, owner, id);
    page.watched.allow(/status of (400|503)/);
    const answers = [
        { status: 503, headers: { 'Retry-After': '9' }, json: { detail: 'busy', errors: ['busy'], code: 'busy' } },
        { status: 400, json: { detail: 'description must have 0 to 500 characters', errors: ['description must have 0 to 500 characters', 'active_models: x must be true or false'], code: 'invalid_request' } },
    ];
    await page.route(`**/api/chat/bot/${id}`, (route) => (answers.length ? route.fulfill(answers.shift()) : route.continue()));
    await page.getByLabel('Description', { exact: true }).fill('typed');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText('Try again in 9 seconds.').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Description must have 0 to 500 characters').waitFor();
    assert.equal(await focused(page), 'description');
    await axe(page, 'faults');
    await shot(page, 'bots-faults');
    await save(page);
    assert.equal((await bot(owner, id)).description, 'typed');
});

test('another’s bot, and one that is not there', async (t) => {
    const id = site.botId;
    const page = await open(t, site.student);
    page.watched.allow(/status of 40[34]/);
    for (const path of [`/bots/${id}`, '/bots/never-made']) {
        await page.goto(path);
        await page.getByRole('alert').getByText(/You may not do that|This bot is not here/).waitFor();
        assert.equal(await page.getByLabel('Title', { exact: true }).isVisible(), false);
    }
});
