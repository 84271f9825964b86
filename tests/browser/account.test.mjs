// The account: password and sessions.
import assert from 'node:assert/strict';
import test from 'node:test';
import { axe, fits, makeUser, open, shot, signIn } from './harness.mjs';

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:120.0) Gecko/20100101 Firefox/120.0';

async function account(t, who) {
    const page = await open(t, who);
    await page.goto('/account');
    await page.getByRole('heading', { name: 'Password' }).waitFor();
    return page;
}

async function change(page, from, to, again = to) {
    await page.getByLabel('Current password').fill(from);
    await page.getByLabel('New password', { exact: true }).fill(to);
    await page.getByLabel('New password, once more').fill(again);
    await page.getByRole('button', { name: 'Change the password' }).click();
}

test('who one is, and the language', async (t) => {
    const user = await makeUser('Ümit <b>Öz</b>');
    const page = await account(t, user);
    await page.getByText('Ümit <b>Öz</b>').first().waitFor();
    await page.getByRole('definition').getByText(user.login, { exact: true }).waitFor();
    assert.equal(await page.getByLabel('Language').count(), 1);
    await page.getByLabel('Language').selectOption('de');
    await page.getByRole('heading', { name: 'Passwort' }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
    await axe(page, 'account in German');
    await fits(page, 'account in German');
});

test('a new password: faults beside the fields, then other sessions end', async (t) => {
    const user = await makeUser();
    const other = await open(t, user);
    const page = await account(t, user);
    page.watched.allow(/status of 400/);
    await change(page, user.password, 'quite another one', 'quite another two');
    await page.getByText('New password, once more is not the same').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'again');
    await change(page, 'not this one at all', 'short');
    await page.getByText('New password is too short (minimum is 12 characters)').waitFor();
    assert.equal(await page.getByText('is not the same').count(), 0);
    await axe(page, 'faults of the password');
    await shot(page, 'account-faults');
    await change(page, 'not this one at all', 'quite another one');
    await page.getByText('Current password is wrong').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'current_password');
    await change(page, user.password, 'quite another one');
    await page.getByText('The password is changed, and one other session has ended.').last().waitFor();
    assert.equal(await page.getByLabel('Current password').inputValue(), '');
    assert.equal(await page.locator('#sessions li').count(), 1);
    other.watched.allow(/status of 401/);
    await other.goto('/account', { waitUntil: 'commit' }); // it leads away before it is there
    await other.waitForURL('**/login**');
    await signIn(other, { ...user, password: 'quite another one' }, '/account');
});

test('sessions in plain words, and their end', async (t) => {
    const user = await makeUser();
    const firefox = await open(t, user, { userAgent: FIREFOX });
    await open(t, user);
    const page = await account(t, user);
    const own = page.getByRole('listitem').filter({ has: page.locator('.this:visible') });
    assert.match((await own.innerText()).replace(/\s+/g, ' '), /Chrome Linux this browser (127\.0\.0\.1|::1) signed in .+ last used /);
    assert.equal(await own.getByRole('button').count(), 0);
    assert.equal(await page.getByText('Firefox Windows').getAttribute('title'), FIREFOX);
    await axe(page, 'sessions');
    await fits(page, 'sessions');
    await shot(page, 'account');
    await page.getByRole('button', { name: 'End: Firefox Windows' }).click();
    await page.getByText('Firefox Windows').waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement.id), 'sessions-head');
    firefox.watched.allow(/status of 401/);
    await firefox.goto('/account', { waitUntil: 'commit' });
    await firefox.waitForURL('**/login**');
    await page.getByRole('button', { name: 'End all other sessions' }).click();
    await page.getByRole('dialog', { name: 'End all other sessions?' }).waitFor();
    await axe(page, 'the question');
    await page.getByRole('button', { name: 'End them' }).click();
    await page.locator('#sessions li').nth(1).waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('button', { name: 'End all other sessions' }).isVisible(), false);
});

test('without a local password there is none to change', async (t) => {
    const page = await open(t, await makeUser());
    await page.route('**/api/v1/users/self', async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...await answer.json(), has_password: false } });
    });
    await page.goto('/account');
    await page.getByText('You sign in through your institution').waitFor();
    assert.equal(await page.getByLabel('Current password').count(), 0);
});

test('too many wrong ones: said, and nothing typed is lost', async (t) => {
    const page = await account(t, await makeUser());
    page.watched.allow(/status of 429/);
    await page.route('**/self/password', (route) => route.fulfill({ status: 429, headers: { 'Retry-After': '30' }, json: {} }));
    await change(page, 'not this one at all', 'quite another one');
    await page.getByRole('alert').getByText('Try again in 30 seconds.').waitFor();
    assert.equal(await page.getByLabel('New password', { exact: true }).inputValue(), 'quite another one');
});

test('by keyboard alone, and out', async (t) => {
    const user = await makeUser();
    const page = await account(t, user);
    await page.getByLabel('Current password').focus();
    await page.keyboard.type(user.password);
    await page.keyboard.press('Tab');
    await page.keyboard.type('quite another one');
    await page.keyboard.press('Tab');
    await page.keyboard.type('quite another one');
    await page.keyboard.press('Enter');
    await page.getByText('The password is changed').last().waitFor();
    await page.getByRole('button', { name: 'Sign out here' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/login**');
});
