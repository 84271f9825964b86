// A student's conversation, from its beginning to its end and again, through what goes wrong on the way.
import assert from 'node:assert/strict';
import test from 'node:test';
import { api, axe, fits, makeClass, makeUser, model, open, shot, signIn, until } from './harness.mjs';

const box = (page) => page.getByLabel('Your message');
const log = (page) => page.getByRole('log', { name: 'Conversation' });
const article = (page, text) => log(page).getByRole('article').filter({ hasText: text });

async function say(page, text) {
    await box(page).fill(text);
    await page.keyboard.press('Enter');
}

// A class of its own, and its student on the experience's page. before: runs in each page before its own scripts.
async function visit(t, { isBegun = true, options = {}, before } = {}) {
    const there = await makeClass();
    const page = await open(t, null, options);
    await page.addInitScript(before ?? '');
    const path = `/courses/${there.courseId}/ai_experiences/${there.experience.id}`;
    await signIn(page, there.student, path);
    if (isBegun) {
        await page.getByRole('button', { name: /Start the conversation|Gespräch beginnen/ }).click();
        await page.locator('#composer').waitFor();
    }
    return { ...there, page, path };
}

test('a conversation begins, a reply streams, and progress is seen', async (t) => {
    const { page, experience } = await visit(t, { isBegun: false });
    await page.getByText('You and the teachers of this course can read this conversation.').waitFor();
    await axe(page, 'not begun');
    await fits(page, 'not begun');
    await shot(page, 'conversation-begin');
    await page.getByRole('button', { name: 'Start the conversation' }).click();
    await log(page).getByRole('article').waitFor();
    assert.equal(await box(page).evaluate((node) => node === document.activeElement), true, 'the focus is where one writes');

    await model.script('It boils at 100 degrees.', { words: 60, isHeld: true, covers: [1] });
    await say(page, 'It boils at 100 degrees.');
    await article(page, 'It boils at 100 degrees.').first().waitFor();
    await page.locator('.streaming .raw').waitFor();
    assert.equal(await box(page).inputValue(), '', 'the box is empty once the server has it');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await axe(page, 'streaming');
    await model.go('It boils at 100 degrees.');
    await page.getByRole('button', { name: 'Send' }).waitFor();
    await page.getByText('1 of 2 objectives met').first().waitFor();
    await page.getByRole('link', { name: /^met at/ }).waitFor();
    const told = await page.getByRole('status').last().textContent();
    assert.match(told, /Tutor: /, 'a screen reader hears the reply, whole');
    assert.match(told, /Objective met: Name what happens/, 'and what has been met');
    assert.equal(await box(page).evaluate((node) => node === document.activeElement), true, 'the focus stayed');
    await axe(page, 'replied');
    await fits(page, 'replied');
    await shot(page, 'conversation');

    await model.script('So the pressure matters.', { text: 'It does.', covers: [1, 2] });
    await say(page, 'So the pressure matters.');
    await page.locator('.notice.done').getByText('All objectives are met.').waitFor();
    assert.ok(experience.id);
});

test('Markdown and TeX stand rendered, and the page does not move', async (t) => {
    const { page } = await visit(t);
    const text = ['# Heat', '', 'The law is $Q = m c \\Delta T$, thus', '', '$$\\frac{Q}{m}$$', '', '| a | b |', '|---|---|', '| 1 | 2 |', '', '```', 'code', '```'];
    await model.script('Show me all forms.', { text: text.join('\n'), perSecond: 60, isHeld: true });
    await page.evaluate(() => {
        window.shifts = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.shifts += entry.hadRecentInput ? 0 : entry.value;
        }).observe({ type: 'layout-shift' });
    });
    await say(page, 'Show me all forms.');
    await page.locator('.streaming .raw').first().waitFor();
    await model.go('Show me all forms.');
    await article(page, 'code').locator('table').waitFor();
    await page.locator('.math .katex').first().waitFor();
    assert.equal(await page.locator('.math .katex').count(), 2);
    assert.ok(await page.evaluate(() => window.shifts) < 0.1, 'nothing jumps');
    await page.getByRole('button', { name: 'Copy code' }).waitFor();
    await axe(page, 'all forms');
    await fits(page, 'all forms');
    await shot(page, 'conversation-forms');
});

test('a formula that browsers would not bear stays as it was written, others are set', async (t) => {
    const { page } = await visit(t);
    const deep = `$$${'\\frac{1}{'.repeat(200)}x${'}'.repeat(200)}$$`;
    await model.script('How deep?', { text: [deep, '$\\def1{11}1$', '$\\pmb{x}$', '$\\frac{1}{1+\\frac{1}{1+\\frac{1}{x}}}$'].join('\n\n') });
    await say(page, 'How deep?');
    await page.locator('.math .katex').nth(1).waitFor();
    assert.deepEqual(await page.locator('.math').filter({ hasNot: page.locator('.katex') }).allTextContents(),
        [deep.slice(2, -2), '\\def1{11}1']);
    assert.equal(await page.locator('.math .katex').count(), 2);
});

// In the page: scrollY, once it has not changed for some frames, since a wheel's way is one of several.
const restingPlace = () => new Promise((resolve) => {
    let [last, nStill] = [NaN, 0];
    const look = () => {
        nStill = scrollY === last ? nStill + 1 : 0;
        last = scrollY;
        if (nStill < 12) requestAnimationFrame(look);
        else resolve(last);
    };
    look();
});

test('who reads further up stays there, and can go to the end', async (t) => {
    const { page } = await visit(t);
    await model.script('A long story.', { words: 1400, pieceBytes: 4000, isHeld: true });
    await say(page, 'A long story.');
    await page.locator('.streaming .raw').waitFor();
    await page.waitForFunction(() => scrollY > 300);
    await page.mouse.move(400, 200);
    await page.mouse.wheel(0, -200);
    await page.getByRole('button', { name: 'Jump to latest' }).waitFor();
    const where = await page.evaluate(restingPlace);
    await model.go('A long story.');
    await page.getByRole('button', { name: 'Send' }).waitFor();
    assert.equal(await page.evaluate(() => scrollY), where, 'neither the stream nor its end moved the page');
    await page.getByRole('button', { name: 'Jump to latest' }).click();
    await page.getByRole('button', { name: 'Jump to latest' }).waitFor({ state: 'hidden' });
    assert.ok(await page.evaluate(() => scrollY) > where);
});

test('what failed stands in the thread, and is said again', async (t) => {
    const { page } = await visit(t);
    page.watched.allow(/50[0-9]/);
    const text = `Will it fail? ${Date.now()}`; // its failures are counted
    await model.script(text, { status: 400, times: 1, text: 'Not this time.' });
    await say(page, text);
    await page.getByRole('alert').waitFor();
    await article(page, text).getByText('not answered').waitFor();
    await axe(page, 'failed');
    await shot(page, 'conversation-failed');
    await page.reload();
    await article(page, text).getByRole('button', { name: 'Try again' }).click();
    await article(page, 'Not this time.').waitFor();
    assert.equal(await log(page).locator('.own').count(), 1);
    assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0);
});

test('a connection that breaks is waited for, and the finished reply appears', async (t) => {
    const { page } = await visit(t);
    page.watched.allow(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK|Failed to load resource/);
    await model.script('Do not lose me.', { words: 30, isHeld: true });
    await say(page, 'Do not lose me.');
    await page.locator('.streaming .raw').waitFor();
    await page.context().setOffline(true);
    await page.getByText('You are offline.').waitFor();
    await page.setViewportSize({ width: 1280, height: 300 });
    await page.evaluate(() => scrollTo(0, 200));
    assert.equal(await page.locator('#offline').evaluate((node) => node.getBoundingClientRect().top), 0, 'in sight wherever one reads');
    await page.context().setOffline(false);
    await model.go('Do not lose me.');
    await article(page, 'Do not lose me.').waitFor();
    await page.getByRole('button', { name: 'Send' }).waitFor();
    await page.getByRole('button', { name: 'Good reply' }).nth(1).waitFor();
    assert.equal(await log(page).locator('.own').count(), 1);
});

test('what is said offline is kept, and sent when the connection is back', async (t) => {
    const { page } = await visit(t);
    page.watched.allow(/ERR_INTERNET_DISCONNECTED|Failed to load resource/);
    await page.context().setOffline(true);
    await say(page, 'Said in a tunnel.');
    await article(page, 'Said in a tunnel.').getByText('not sent').waitFor();
    await page.getByRole('alert').getByText('No connection to the server.').waitFor();
    assert.equal(await box(page).inputValue(), '');
    assert.equal(await page.evaluate(() => Object.entries(localStorage).find(([name]) => name.startsWith('draft:'))?.[1]), 'Said in a tunnel.', 'kept for a reload');
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Good reply' }).nth(1).waitFor();
    const mine = log(page).locator('.own');
    assert.equal(await mine.count(), 1);
    await page.reload();
    await mine.waitFor();
    assert.equal(await mine.count(), 1);
    assert.equal(await box(page).inputValue(), '');
});

test('a reload in the middle of a reply finds it', async (t) => {
    const { page } = await visit(t);
    await model.script('Reload me.', { words: 40, isHeld: true });
    await say(page, 'Reload me.');
    await page.locator('.streaming .raw').waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await model.go('Reload me.');
    await page.getByRole('button', { name: 'Good reply' }).nth(1).waitFor();
    await page.getByRole('button', { name: 'Send' }).waitFor();
});

test('Escape stops, and what had come stays', async (t) => {
    const { page } = await visit(t);
    await model.script('Go on for ever.', { words: 5000, perSecond: 50 });
    await say(page, 'Go on for ever.');
    await page.locator('.streaming .raw').waitFor();
    await box(page).fill('Meanwhile');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('A reply is still on its way.').waitFor();
    await page.keyboard.press('Escape');
    await log(page).getByText('· stopped').waitFor();
    await page.getByRole('button', { name: 'Send' }).waitFor();
    assert.equal(await box(page).inputValue(), 'Meanwhile', 'what was typed meanwhile is there still');
});

test('a draft outlives a reload and a lost session, but not signing out', async (t) => {
    const { page, path, student } = await visit(t);
    page.watched.allow(/status of 401/);
    await box(page).fill('Half a thought');
    const isBack = () => page.waitForFunction(() => document.querySelector('#composer')?.value === 'Half a thought');
    await page.reload();
    await isBack();
    await page.context().clearCookies({ name: '__Host-colloquy_session' });
    await page.keyboard.press('Tab');
    await box(page).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByRole('link', { name: 'Sign in' }).click();
    await page.waitForURL('**/login?*');
    await signIn(page, student, path);
    await isBack();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/login');
    await signIn(page, student, path);
    await page.getByRole('link', { name: student.name }).waitFor();
    await box(page).waitFor();
    assert.equal(await box(page).inputValue(), '');
});

test('the limit is told before it is reached', async (t) => {
    const { page } = await visit(t);
    await box(page).fill('x'.repeat(3990));
    await page.getByText('10 characters left').waitFor();
    await box(page).fill('x'.repeat(4001));
    await page.getByText('One character too many').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Send' }).isDisabled(), true);
    await axe(page, 'too long');
});

test('thumbs, with a reason, are there after a reload and can be taken back', async (t) => {
    const { page } = await visit(t);
    const thumb = (name) => page.getByRole('button', { name, exact: true });
    await thumb('Bad reply').click();
    await page.getByRole('dialog', { name: 'What was wrong?' }).waitFor();
    await page.getByLabel('Why? (optional)').fill('It was too short.');
    await axe(page, 'why');
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.locator('[aria-pressed=true][aria-label="Bad reply"]').waitFor();
    await page.reload();
    await page.locator('[aria-pressed=true][aria-label="Bad reply"]').click();
    await page.locator('[aria-pressed=false][aria-label="Bad reply"]').waitFor();
    await thumb('Good reply').click();
    await page.locator('[aria-pressed=true][aria-label="Good reply"]').waitFor();
});

test('a reason that could not be sent is there at the next try', async (t) => {
    const { page } = await visit(t);
    page.watched.allow(/status of 503/);
    await page.route('**/feedback', (route) => route.fulfill({ status: 503, body: '{}' }));
    await page.getByRole('button', { name: 'Bad reply' }).click();
    await page.getByLabel('Why? (optional)').fill('It was too short.');
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.locator('.votes').getByRole('alert').waitFor();
    await page.unroute('**/feedback');
    await page.getByRole('button', { name: 'Bad reply' }).click();
    assert.equal(await page.getByLabel('Why? (optional)').inputValue(), 'It was too short.');
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.locator('[aria-pressed=true][aria-label="Bad reply"]').waitFor();
});

test('starting again keeps the old conversation to read and to take home', async (t) => {
    const { page, path, experience } = await visit(t);
    await say(page, 'The first time.');
    await page.getByRole('button', { name: 'Good reply' }).nth(1).waitFor();
    await page.getByRole('button', { name: 'Start again' }).click();
    await page.getByRole('dialog', { name: 'Start again?' }).waitFor();
    await axe(page, 'asked');
    await page.keyboard.press('Escape');
    assert.equal(await page.getByRole('button', { name: 'Start again' }).evaluate((node) => node === document.activeElement), true);
    await page.getByRole('button', { name: 'Start again' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Start again' }).click();
    await article(page, 'The first time.').first().waitFor({ state: 'detached' });
    await page.reload();
    await page.getByText('One earlier conversation').click();
    await page.locator(`a[href^="${path}/conversations/"]`).click();
    await article(page, 'The first time.').first().waitFor();
    await page.getByRole('heading', { name: experience.title }).waitFor();
    assert.equal(await page.locator('#composer').count(), 0);
    await axe(page, 'reading');
    await fits(page, 'reading');
    await shot(page, 'reading');
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download as Markdown' }).click()]);
    assert.match(download.suggestedFilename(), /\.md$/);
});

test('in German, and from right to left', async (t) => {
    const { page } = await visit(t, { options: { locale: 'de-AT' } });
    await page.getByLabel('Ihre Nachricht').waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'de');
    await shot(page, 'conversation-de');
    await page.getByLabel('Sprache').selectOption('en');
    await box(page).waitFor();
    await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
    await fits(page, 'right to left');
    await shot(page, 'conversation-rtl');
});

test('a teacher tries it as a student does, apart from the class', async (t) => {
    const { courseId, teacher, experience } = await makeClass();
    const page = await open(t, teacher);
    await page.goto(`/courses/${courseId}/ai_experiences/${experience.id}?test`);
    await page.getByText('This is a test.').waitFor();
    await page.getByRole('button', { name: 'Start the conversation' }).click();
    await say(page, 'Trying.');
    await page.getByRole('button', { name: 'Good reply' }).nth(1).waitFor();
    const { conversations } = await api(teacher).get(`/api/v1/courses/${courseId}/ai_experiences/${experience.id}/ai_conversations`);
    assert.deepEqual(conversations.filter((row) => row.has_conversation), []);
});

test('what could not be sent outlives a reload, whatever was typed after it', async (t) => {
    const { page } = await visit(t);
    page.watched.allow(/ERR_INTERNET_DISCONNECTED|Failed to load resource|ERR_FAILED/);
    await page.route('**/messages', (route) => route.abort());
    await say(page, 'In a tunnel.');
    await article(page, 'In a tunnel.').getByText('not sent').waitFor();
    await box(page).fill('And on.');
    await page.reload();
    await page.waitForFunction(() => document.querySelector('#composer')?.value);
    assert.equal(await box(page).inputValue(), 'In a tunnel.\n\nAnd on.');
});

test('what could not be sent goes before what is written next, and neither is lost', async (t) => {
    const { page } = await visit(t);
    page.watched.allow(/Failed to load resource|ERR_FAILED/);
    await page.route('**/messages', (route) => route.abort());
    await say(page, 'First unsent.');
    await page.getByText('not sent').waitFor();
    await say(page, 'Second, waiting.');
    await page.getByText('not sent').waitFor();
    assert.equal(await log(page).locator('.own').count(), 1);
    assert.equal(await box(page).inputValue(), 'Second, waiting.');
    await page.unroute('**/messages');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Good reply' }).nth(1).waitFor();
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('button', { name: 'Good reply' }).nth(2).waitFor();
    assert.match(await log(page).textContent(), /You said: First unsent.*You said: Second, waiting/s);
    assert.equal(await box(page).inputValue(), '');
});

test('what could not be sent is given back when another window is faster', async (t) => {
    const { page, courseId, experience, student } = await visit(t);
    page.watched.allow(/Failed to load resource|ERR_FAILED|status of 409/);
    await page.route('**/messages', (route) => route.abort());
    await say(page, 'Mine, unsent.');
    await page.getByText('not sent').waitFor();
    await page.unroute('**/messages');
    const text = `Theirs, sent. ${Date.now()}`;
    await model.script(text, { words: 30, isHeld: true });
    const path = `/api/v1/courses/${courseId}/ai_experiences/${experience.id}/conversations`;
    const { id } = await api(student).get(path);
    const elsewhere = api(student).post(`${path}/${id}/messages`, { message: text });
    await until('a reply elsewhere', async () => (await api(student).get(path)).messages.at(-1).status === 'pending');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('alert').getByText('A reply is still on its way.').waitFor();
    await model.go(text);
    await elsewhere;
    await article(page, text).first().waitFor();
    await page.getByRole('button', { name: 'Send' }).waitFor();
    assert.equal(await box(page).inputValue(), 'Mine, unsent.');
    assert.equal(await log(page).locator('.own').count(), 1);
});

test('what arrived although its answer was lost is shown once, and so is its reply', async (t) => {
    const { page } = await visit(t);
    page.watched.allow(/Failed to load resource|ERR_FAILED/);
    await page.route('**/messages', async (route) => {
        await route.fetch();
        await route.abort();
    }, { times: 1 });
    await say(page, 'Did it arrive?');
    await page.getByText('not sent').waitFor();
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await article(page, 'You said: Did it arrive?').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('not sent').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Send' }).waitFor();
    assert.equal(await log(page).locator('.own').count(), 1);
    assert.equal(await article(page, 'You said: Did it arrive?').count(), 1);
});

test('what is refused at last comes back into the box, once', async (t) => {
    const { page } = await visit(t);
    page.watched.allow(/Failed to load resource|ERR_FAILED|status of 429/);
    await page.route('**/messages', (route) => route.abort(), { times: 1 });
    await say(page, 'Out of luck.');
    await page.getByText('not sent').waitFor();
    await page.route('**/messages', (route) => route.fulfill({ status: 429, json: {} }), { times: 1 });
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('alert').getByText('You have reached a limit of this site.').waitFor();
    assert.equal(await box(page).inputValue(), 'Out of luck.');
    assert.equal(await log(page).locator('.own').count(), 0);
    await page.reload();
    await page.waitForFunction(() => document.querySelector('#composer')?.value);
    assert.equal(await box(page).inputValue(), 'Out of luck.');
});

test('what is typed on while a message is being sent is the next one', async (t) => {
    const { page } = await visit(t);
    let go;
    const held = new Promise((resolve) => { go = resolve; });
    await page.route('**/messages', (route) => held.then(() => route.continue()));
    await say(page, 'Sent slowly.');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await box(page).pressSequentially('\nAnd more');
    go();
    await page.getByRole('button', { name: 'Good reply' }).nth(1).waitFor();
    assert.equal(await box(page).inputValue(), 'And more');
});

test('what is typed is never sent as another user who has signed in since', async (t) => {
    const { page, path, courseId, experience, student } = await visit(t);
    page.watched.allow(/status of 403/);
    const other = await makeUser('Olga Other');
    await box(page).fill('Only mine.');
    const window2 = await page.context().newPage();
    await window2.goto(path);
    await window2.getByRole('button', { name: 'Sign out' }).click();
    await window2.waitForURL('**/login');
    await signIn(window2, other);
    await box(page).press('Enter');
    await page.getByRole('alert').getByText('Your session has changed in another window.').waitFor();
    assert.equal(await box(page).inputValue(), 'Only mine.');
    const { messages } = await api(student).get(`/api/v1/courses/${courseId}/ai_experiences/${experience.id}/conversations`);
    assert.equal(messages.length, 2);
});

test('a message of another window goes first, and this one is not lost', async (t) => {
    const { page, courseId, experience, student } = await visit(t);
    page.watched.allow(/status of 409/);
    const text = `First, elsewhere. ${Date.now()}`;
    await model.script(text, { words: 30, isHeld: true });
    const path = `/api/v1/courses/${courseId}/ai_experiences/${experience.id}/conversations`;
    const { id } = await api(student).get(path);
    const elsewhere = api(student).post(`${path}/${id}/messages`, { message: text });
    await until('a reply elsewhere', async () => (await api(student).get(path)).messages.at(-1).status === 'pending');
    await say(page, 'Second, here.');
    await page.getByRole('alert').getByText('A reply is still on its way.').waitFor();
    await model.go(text);
    await elsewhere;
    await article(page, text).first().waitFor();
    await page.getByRole('button', { name: 'Send' }).waitFor();
    assert.equal(await log(page).locator('.own').count(), 1);
    assert.equal(await box(page).inputValue(), 'Second, here.');
});

test('what was said in another window is there on return', async (t) => {
    const { page, path } = await visit(t);
    const other = await page.context().newPage();
    await other.goto(path);
    await say(other, 'Said elsewhere.');
    await other.getByRole('button', { name: 'Good reply' }).nth(1).waitFor();
    await box(page).fill('Half a thought');
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))); // headless, all are visible
    await article(page, 'You said: Said elsewhere.').waitFor();
    assert.equal(await log(page).locator('.own').count(), 1);
    assert.equal(await box(page).inputValue(), 'Half a thought');
    await page.getByRole('button', { name: 'Send' }).waitFor();
});

test('what ended in another window is shown as it is now', async (t) => {
    const { page, courseId, experience, student } = await visit(t);
    page.watched.allow(/status of 404/);
    await api(student).post(`/api/v1/courses/${courseId}/ai_experiences/${experience.id}/conversations`);
    const reloaded = page.waitForEvent('load');
    await say(page, 'Too late.');
    await reloaded;
    await page.waitForFunction(() => document.querySelector('#composer')?.value === 'Too late.');
    await say(page, 'In time.');
    await page.getByRole('button', { name: 'Good reply' }).nth(1).waitFor();
});

test('nothing begins anew while a reply comes', async (t) => {
    const { page } = await visit(t);
    await model.script('Wait for me.', { words: 60, isHeld: true });
    await say(page, 'Wait for me.');
    await page.locator('.streaming .raw').waitFor();
    await page.getByRole('button', { name: 'Start again' }).click();
    await page.locator('.composer').getByText('A reply is still on its way.').waitFor();
    assert.equal(await page.getByRole('dialog').count(), 0);
    await model.go('Wait for me.');
    await page.getByRole('button', { name: 'Send' }).waitFor();
});

test('a sign-out that fails is seen', async (t) => {
    const { page } = await visit(t);
    page.watched.allow(/status of 503/);
    await page.route('**/logout', (route) => route.fulfill({ status: 503, contentType: 'text/html', body: '<!doctype html><h1>Not available just now</h1>' }));
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Not available just now' }).waitFor();
});

const storages = {
    blocked: () => Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } }),
    full: () => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; },
};
for (const [name, before] of Object.entries(storages)) {
    test(`where the browser's storage is ${name}, all goes on without drafts`, async (t) => {
        const { page } = await visit(t, { before, options: { locale: 'de' } });
        await page.getByLabel('Ihre Nachricht').fill('Ohne Speicher.');
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: 'Gute Antwort' }).nth(1).waitFor();
        assert.equal(await page.locator('#composer').inputValue(), '');
        await page.getByLabel('Sprache').selectOption('en');
        await page.waitForEvent('load');
        await page.getByRole('button', { name: /^(Sign out|Abmelden)$/ }).click();
        await page.waitForURL('**/login');
    });
}
