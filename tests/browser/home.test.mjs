// The start page, signed out and signed in.
import assert from 'node:assert/strict';
import test from 'node:test';
import { axe, enroll, fits, makeClass, makeCourse, makeUser, open, shot, site } from './harness.mjs';

test('guests are told what this is, and can sign in', async (t) => {
    const page = await open(t);
    await page.goto('/');
    await page.getByRole('heading', { name: 'Colloquy', level: 1 }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Sign out' }).count(), 0);
    assert.equal(await page.getByText('My courses').isVisible(), false);
    await axe(page, 'the start page of guests');
    await fits(page, 'the start page of guests');
    await shot(page, 'home-guest');
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.waitForURL('**/login**');
});

test('one’s courses with one’s parts in them', async (t) => {
    const { courseId, student } = await makeClass();
    const second = await makeCourse('<b>Über & unter</b>');
    await enroll(second, student, 'ta');
    await enroll(second, student, 'student');
    const page = await open(t, student);
    await page.goto('/');
    const courses = page.getByRole('list').filter({ has: page.getByRole('link', { name: 'A course' }) });
    await courses.getByRole('link').nth(1).waitFor();
    assert.deepEqual((await courses.getByRole('link').allTextContents()).sort(), ['<b>Über & unter</b>', 'A course']);
    const parts = (await courses.getByRole('listitem').filter({ hasText: 'Über' }).innerText()).replace(/\s+/g, ' ');
    assert.match(parts, / Teaching assistant Student$/);
    assert.equal(await page.getByRole('link', { name: 'Sign in' }).isVisible(), false);
    await page.getByRole('link', { name: 'Stan Student' }).waitFor();
    await axe(page, 'courses');
    await fits(page, 'courses');
    await shot(page, 'home-courses');
    await page.getByRole('link', { name: 'A course' }).click();
    await page.waitForURL(`**/courses/${courseId}/ai_experiences`);
});

test('the words of a first visit come at once, beside what asks for them', async (t) => {
    const page = await open(t, null, { locale: 'de' });
    const asked = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto('/');
    await page.getByRole('link', { name: 'Anmelden' }).first().waitFor();
    const words = asked.filter((path) => path === '/lang/de.json');
    assert.equal(words.length, 1, 'and once');
    assert.ok(asked.indexOf('/lang/de.json') < asked.indexOf('/js/text.js'), asked.join(' '));
});

test('who is in no course is told what to do', async (t) => {
    const page = await open(t, await makeUser());
    await page.goto('/');
    await page.getByText('You are in no course yet.').waitFor();
    await page.getByRole('link', { name: 'Open the chat' }).waitFor();
    await axe(page, 'no course');
    await shot(page, 'home-none');
});

test('a session that is over shows what guests see, never the other', async (t) => {
    const page = await open(t);
    page.watched.allow(/status of 401/);
    await page.context().addCookies([{ name: '_csrf_token', value: 'old', url: site.url }]);
    await page.goto('/');
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    assert.equal(await page.getByText('My courses').isVisible(), false);
});

test('a server that is away is said, and asked again', async (t) => {
    const page = await open(t, await makeUser());
    page.watched.allow(/status of 503/);
    await page.route('**/api/v1/courses?*', (route) => route.fulfill({ status: 503, headers: { 'Retry-After': '7' }, json: {} }));
    await page.goto('/');
    await page.getByRole('alert').getByText('Try again in 7 seconds.').waitFor();
    await page.unroute('**/api/v1/courses?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('You are in no course yet.').waitFor();
});
