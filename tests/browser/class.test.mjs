// The class as its teacher sees it: everybody, sorted, chosen, followed; a thousand without delay.
import assert from 'node:assert/strict';
import test from 'node:test';
import { api, axe, enroll, fits, makeClass, makeUser, model, open, shot, signIn } from './harness.mjs';

const rows = (page) => page.locator('#rows tr');
const names = (page) => page.locator('#rows th').allTextContents();
const row = (page, name) => rows(page).filter({ hasText: name });
const head = (page, name) => page.getByRole('columnheader', { name });
const later = (page) => page.clock.fastForward(5000);
const sort = (page, name) => head(page, name).getByRole('button').click();

// Who has said something that meets the first objectives, so many.
async function converse(experience, courseId, who, said) {
    const path = `/api/v1/courses/${courseId}/ai_experiences/${experience.id}/conversations`;
    const talk = await api(who).post(path);
    for (const message of said) {
        await api(who).post(`${path}/${talk.id}/messages`, { message });
    }
    return `${path}/${talk.id}`;
}

// Five students, one in each state and one more; the page of their class in the browser of their teacher.
async function visit(t, { query = '', hasClock = false } = {}) {
    const there = await makeClass();
    const { courseId, experience, student, teacher } = there;
    const others = {};
    for (const name of ['Ada Able', 'Bo Baker', 'Cy Coder', 'Émile Zola']) {
        others[name] = await makeUser(name);
        await enroll(courseId, others[name], 'student');
    }
    await converse(experience, courseId, student, ['[[covers 1]]Water boils.']);
    await converse(experience, courseId, others['Ada Able'], ['[[covers 1]]Water boils.', '[[covers 2]]Pressure.']);
    const ended = await converse(experience, courseId, others['Bo Baker'], ['Hm.', 'Hm?', 'Hm!']);
    await api(teacher).delete(ended);
    const page = await open(t);
    if (hasClock) {
        await page.clock.install(); // time goes on, and can be made to
    }
    const path = `/courses/${courseId}/ai_experiences/${experience.id}/students`;
    await signIn(page, teacher, path + query);
    return { ...there, others, page, path };
}

test('the class is there in numbers and by name', async (t) => {
    const { page, experience } = await visit(t);
    await page.getByRole('heading', { level: 1, name: experience.title }).waitFor();
    await rows(page).nth(4).waitFor();
    assert.deepEqual(await names(page), ['Ada Able', 'Bo Baker', 'Cy Coder', 'Stan Student', 'Émile Zola']);
    const cells = async (name) => (await row(page, name).locator('td').allTextContents()).slice(0, 3);
    assert.deepEqual(await cells('Ada Able'), ['Completed', '2 of 2', '5']);
    assert.deepEqual(await cells('Bo Baker'), ['Ended', '0 of 2', '7']);
    assert.deepEqual(await cells('Cy Coder'), ['Not started', '', '0']);
    assert.deepEqual(await cells('Stan Student'), ['In progress', '1 of 2', '3']);
    const chart = async (name) => (await page.getByRole('table', { name, exact: true }).getByRole('row').allInnerTexts())
        .map((text) => text.replace(/\s+/g, ' '));
    assert.deepEqual(await page.locator('#states tr').allTextContents(), ['Not started2 of 5', 'In progress1 of 5', 'Ended1 of 5', 'Completed1 of 5']);
    assert.deepEqual(await page.locator('#objectives tr').allTextContents(), ['Name what happens2 of 3', 'Explain why1 of 3']);
    assert.deepEqual(await page.locator('#met tr').allTextContents(), ['0 objectives1 of 5', 'One objective1 of 5', '2 objectives1 of 5']);
    assert.equal((await chart('Students who met an objective')).length, 2);
    assert.equal(await page.locator('#count').textContent(), '5 of 5 shown, 5 in the class');
    await axe(page, 'class');
    await fits(page, 'class');
    await shot(page, 'class');
    await page.emulateMedia({ colorScheme: 'dark' });
    await shot(page, 'class-dark');
});

test('it is sorted and filtered, the address says how, and Back comes to the same place', async (t) => {
    const { page, path } = await visit(t);
    await rows(page).nth(4).waitFor();
    assert.equal(await head(page, 'Name').getAttribute('aria-sort'), 'ascending');
    await sort(page, 'Messages');
    await page.waitForFunction(() => document.querySelector('#rows th').textContent === 'Cy Coder');
    assert.equal(await head(page, 'Messages').getAttribute('aria-sort'), 'ascending');
    assert.equal(await head(page, 'Name').getAttribute('aria-sort'), null);
    await sort(page, 'Messages');
    await page.waitForFunction(() => document.querySelector('#rows th').textContent === 'Bo Baker');
    assert.equal(await head(page, 'Messages').getAttribute('aria-sort'), 'descending');
    assert.equal(await page.evaluate(() => document.activeElement.value), 'messages', 'the focus stays on what was pressed');

    await page.getByLabel('State').selectOption('Not started');
    await page.getByText('2 of 2 shown, 5 in the class').waitFor();
    await page.getByLabel('Name').fill('emile');
    await page.getByText('1 of 1 shown, 5 in the class').waitFor();
    assert.deepEqual(await names(page), ['Émile Zola']);
    await page.waitForURL(/[?&]search_term=emile(&|$)/);
    await page.keyboard.press('Enter');
    assert.equal(await head(page, 'Messages').getAttribute('aria-sort'), 'descending', 'Enter searches, and sorts nothing');
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download as CSV' }).click()]);
    assert.match(file.suggestedFilename(), /\.csv$/);
    await page.getByLabel('Name').fill('nobody');
    await page.getByText('Nobody matches.').waitFor();
    await axe(page, 'nobody matches');

    await page.getByLabel('State').selectOption('All');
    await page.getByLabel('Name').fill('');
    await rows(page).nth(4).waitFor();
    const link = page.getByRole('link', { name: 'Stan Student' });
    await link.click();
    await page.waitForURL(/students\/\d+\?.*sort=messages/);
    await page.goBack();
    await rows(page).nth(4).waitFor();
    assert.equal(new URL(page.url()).pathname, path);
    assert.equal(await head(page, 'Messages').getAttribute('aria-sort'), 'descending');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Stan Student');
});

test('it is followed live, and what has not changed stays as it is', async (t) => {
    const { page, courseId, experience, others } = await visit(t, { query: '?sort=progress&order=desc', hasClock: true });
    await rows(page).nth(4).waitFor();
    await page.getByRole('link', { name: 'Stan Student' }).focus();
    await page.evaluate(() => document.querySelector('#rows tr').classList.add('same'));
    await Promise.all([page.waitForResponse(/class_picture/), later(page)]);
    await page.waitForTimeout(100);
    assert.equal(await page.locator('#rows tr.same').count(), 1, 'nothing has changed: nothing was touched');
    const where = await page.evaluate(() => scrollY);
    await converse(experience, courseId, others['Cy Coder'], ['[[covers 1 2]]All of it.']);
    await later(page);
    await row(page, 'Cy Coder').getByText('Completed').waitFor();
    assert.deepEqual((await names(page)).slice(0, 2), ['Ada Able', 'Cy Coder']);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Stan Student', 'the focus stayed');
    assert.equal(await page.evaluate(() => scrollY), where, 'and so did the page');
    assert.equal(await page.locator('#states tr').nth(3).textContent(), 'Completed2 of 5');

    page.watched.allow(/ERR_INTERNET_DISCONNECTED|Failed to load resource/);
    await page.context().setOffline(true);
    await later(page);
    await page.getByRole('alert').waitFor();
    assert.equal(await rows(page).count(), 5, 'what was there is still there');
    await page.context().setOffline(false);
    await later(page);
    await page.getByRole('alert').waitFor({ state: 'detached' });
});

// Made rows: what is looked at is the browser's part of it.
test('a thousand students are no matter', async (t) => {
    const { teacher, courseId, experience } = await makeClass();
    const page = await open(t);
    const all = Array.from({ length: 1000 }, (_, i) => ({
        has_conversation: true, state: 'in_progress', messages_count: i, progress: { current: i % 3, total: 2, percentage: 0 },
        updated_at: '2026-01-02T03:04:05Z', student: { id: i + 1, name: `Student ${String(i).padStart(4, '0')}` },
    }));
    await page.route(/ai_conversations\?/, (route) => {
        const query = new URL(route.request().url()).searchParams;
        const found = all.filter(({ student }) => student.name.includes(query.get('search_term') ?? ''));
        const rest = query.get('order') ? [...found].reverse() : found;
        const at = Number(query.get('page') ?? 1);
        return route.fulfill({ json: { conversations: rest.slice(at * 100 - 100, at * 100), total: found.length } });
    });
    await page.addInitScript(() => {
        globalThis.longest = 0;
        new PerformanceObserver((list) => {
            for (const { duration } of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, duration);
        }).observe({ type: 'longtask' });
    });
    await signIn(page, teacher, `/courses/${courseId}/ai_experiences/${experience.id}/students`);
    await rows(page).nth(99).waitFor();
    await page.getByText('100 of 1000 shown').waitFor();
    const measured = async (name, action) => {
        await page.waitForTimeout(100);
        await page.evaluate(() => { globalThis.longest = 0; });
        await action();
        await page.waitForTimeout(400);
        t.diagnostic(`${name}: blocked for ${await page.evaluate(() => globalThis.longest)} ms at most (less than 50 is told as 0)`);
    };
    await measured('sorting', async () => {
        await sort(page, 'Name');
        await row(page, 'Student 0999').waitFor();
    });
    await measured('typing', async () => {
        await page.getByLabel('Name').pressSequentially('Student 07', { delay: 30 });
        await row(page, 'Student 0799').waitFor();
    });
    await page.getByLabel('Name').fill('');
    await page.getByText('100 of 1000 shown').waitFor();
    await measured('a page', async () => {
        await page.getByRole('button', { name: 'Next page' }).click();
        await row(page, 'Student 0899').waitFor();
    });
    await page.waitForURL(/[?&]page=2(&|$)/);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'heading', 'one reads on from the top');
    await page.getByRole('button', { name: 'Previous page' }).click();
    await row(page, 'Student 0999').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Previous page' }).count(), 0);
});

test('a course without students says so', async (t) => {
    const there = await makeClass();
    const page = await open(t);
    await page.route(/ai_conversations\?/, (route) => route.fulfill({ json: { conversations: [], total: 0 } }));
    await page.route(/class_picture/, (route) => route.fulfill({
        json: { total_students: 0, not_started: 0, in_progress: 0, ended: 0, completed: 0, objectives: [], progress: [] },
    }));
    await signIn(page, there.teacher, `/courses/${there.courseId}/ai_experiences/${there.experience.id}/students`);
    await page.getByText('No student is enrolled').waitFor();
    assert.equal(await page.getByRole('search').isVisible(), false);
    await axe(page, 'no students');
    await shot(page, 'class-empty');
});

test('a student is told that this is not for them', async (t) => {
    const there = await makeClass();
    const page = await open(t);
    page.watched.allow(/403/);
    await signIn(page, there.student, `/courses/${there.courseId}/ai_experiences/${there.experience.id}/students`);
    await page.getByText('You may not do that.').waitFor();
});
