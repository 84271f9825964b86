// Signing in and out by the form, by mouse and by keyboard alone, and the pages that need no scripts.
import assert from 'node:assert/strict';
import test from 'node:test';
import { axe, fits, makeClass, open, shot, signIn, site } from './harness.mjs';
import { chromium } from './packages.mjs';
import { CHROMIUM } from './places.mjs';

const experiences = `/courses/${site.courseId}/ai_experiences`;

test('the form signs in and leads on', async (t) => {
    const page = await open(t);
    await page.goto(experiences);
    assert.equal(new URL(page.url()).pathname, '/login');
    await axe(page, 'the form');
    await fits(page, 'the form');
    await shot(page, 'login');
    await signIn(page, site.student, experiences);
    assert.equal(new URL(page.url()).pathname, experiences);
    await page.getByRole('link', { name: 'The price of a cup of coffee' }).waitFor();
});

test('a wrong password says so, and the name stays', async (t) => {
    const page = await open(t);
    page.watched.allow(/status of 401/);
    await page.goto('/login');
    await page.getByLabel('User name').fill(site.student.login);
    await page.getByLabel('Password').fill('not this');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('User name or password is wrong.').waitFor();
    assert.equal(await page.getByLabel('User name').inputValue(), site.student.login);
    assert.equal(await page.getByLabel('Password').inputValue(), '');
    await axe(page, 'the form after a wrong password');
});

test('signing out ends the session', async (t) => {
    const page = await open(t, site.student);
    await page.goto(experiences);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/login');
    assert.deepEqual((await page.context().cookies()).filter((cookie) => cookie.name === '__Host-colloquy_session'), []);
    await page.goto(experiences);
    assert.equal(new URL(page.url()).pathname, '/login');
});

// Playwright turns off what browsers do for their readers: a page that is left is kept as it was, and shown again without a request.
test('who goes back after somebody has signed out sees nothing of theirs', async (t) => {
    const browser = await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: process.getuid() !== 0,
        ignoreDefaultArgs: ['--disable-back-forward-cache'] });
    t.after(() => browser.close());
    const page = await browser.newPage({ baseURL: site.url, ignoreHTTPSErrors: true, locale: 'en' });
    await signIn(page, site.student, '/account');
    await page.locator('#sessions > li').first().waitFor();
    await page.getByRole('button', { name: 'Sign out here' }).click();
    await page.waitForURL('**/login');
    await page.evaluate(() => history.back());
    await page.waitForURL('**/login?return_to=%2Faccount');
    await page.getByLabel('User name').waitFor();
});

test('by keyboard alone', async (t) => {
    const page = await open(t);
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
    await page.goto(`/login?return_to=${encodeURIComponent(experiences)}`);
    for (let i = 0; i < 10 && (await focused()) !== 'login'; i++) {
        await page.keyboard.press('Tab');
    }
    await page.keyboard.type(site.student.login);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'password');
    await page.keyboard.type(site.student.password);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Sign in');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**${experiences}`);
    for (let i = 0; i < 20 && (await focused()) !== 'Sign out'; i++) {
        await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.waitForURL('**/login');
});

test('the pages that a worker writes', async (t) => {
    const { courseId, teacher, student, experience } = await makeClass();
    const list = `/courses/${courseId}/ai_experiences`;
    for (const [name, who] of [['teacher', teacher], ['student', student]]) {
        const page = await open(t, who);
        for (const [kind, path] of [['list', list], ['experience', `${list}/${experience.id}`]]) {
            await page.goto(path);
            await axe(page, `${kind}, ${name}`);
            await fits(page, `${kind}, ${name}`);
            await shot(page, `${kind}-${name}`);
        }
    }
});

test('the start page', async (t) => {
    const page = await open(t);
    await page.goto('/');
    await axe(page, 'the start page');
    await fits(page, 'the start page');
});
