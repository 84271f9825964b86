// A student's conversation as their teacher reads it, with its evaluation and the teacher's own verdicts.
import assert from 'node:assert/strict';
import test from 'node:test';
import { api, axe, enroll, fits, makeClass, makeUser, model, open, shot, signIn } from './harness.mjs';

const MADE = {
    overall_assessment: 'Stan explains well what happens, and less well why.',
    key_moments: [{ number: 1, evidence: 'Water boils at 100 degrees.', message_number: 3 }],
    learning_objectives_evaluation: [
        { number: 1, met: true, score: 90, explanation: 'He names it at once.' },
        { number: 2, met: false, score: 20, explanation: 'The pressure is not spoken of.' },
    ],
    strengths: ['Clear words'],
    areas_for_improvement: ['Causes', 'Units'],
    overall_score: 55,
};

// A class with two students, of whom the first has spoken; its teacher on the page of one.
async function visit(t, { who = 'student', query = '', said = ['Water boils at 100 degrees.', 'I do not know why.'], before } = {}) {
    const there = await makeClass();
    const { courseId, experience, student, teacher } = there;
    there.other = await makeUser('Zoe Other');
    await enroll(courseId, there.other, 'student');
    there.calls = `/api/v1/courses/${courseId}/ai_experiences/${experience.id}/conversations`;
    there.talk = await api(student).post(there.calls);
    for (const message of said) {
        await api(student).post(`${there.calls}/${there.talk.id}/messages`, { message });
    }
    const page = await open(t);
    await before?.(page);
    const path = `/courses/${courseId}/ai_experiences/${experience.id}/students`;
    await signIn(page, teacher, `${path}/${there[who].id}${query}`);
    return { ...there, page, path };
}

test('the conversation is read, and evaluated when that is asked for', async (t) => {
    await model.script('Water boils at 100 degrees.', { text: 'And *why*?' });
    await model.script('I do not know why.', { more: `[[evaluate:text ${JSON.stringify(MADE)}]]` });
    const posts = [];
    const note = (request) => request.method() !== 'GET' && request.url().includes('/api/') && posts.push(request.url());
    const { page, student, teacher, calls, talk } = await visit(t, { before: (page) => page.on('request', note) });
    await page.getByRole('heading', { level: 1, name: 'Stan Student' }).waitFor();
    await page.getByRole('log').getByText('Water boils at 100 degrees.').waitFor();
    assert.equal(await page.getByRole('log').locator('em').count(), 1);
    const evaluate = page.getByRole('button', { name: 'Evaluate', exact: true });
    await evaluate.waitFor();
    await page.waitForLoadState('networkidle');
    const { evaluation } = await api(teacher).get(`${calls}/${talk.id}/evaluation?stored=true`);
    assert.deepEqual([evaluation, posts], [null, []], 'looking asks no model');
    await axe(page, 'not evaluated');
    await evaluate.focus();
    await page.keyboard.press('Enter');
    await page.getByText(MADE.overall_assessment).waitFor();
    const again = page.getByRole('button', { name: 'Evaluate again' });
    assert.equal(await again.evaluate((node) => node === document.activeElement), true);
    await page.getByText('It can be wrong').waitFor();
    await page.getByText('Out of date').waitFor({ state: 'hidden' });
    await page.locator('#waiting').waitFor({ state: 'hidden' });
    const second = page.getByRole('listitem').filter({ hasText: 'The pressure is not spoken of.' });
    await second.getByText('not met').first().waitFor();
    await page.getByText('Clear words').waitFor();
    await page.getByText('Units').waitFor();

    await page.getByRole('list', { name: 'Key moments' }).getByRole('link').click();
    const quoted = page.locator('.message:target');
    assert.match(await quoted.textContent(), /Water boils at 100 degrees/);
    await page.waitForFunction(() => document.querySelector('.message:target').getBoundingClientRect().top >= 0); // scrolled to
    await axe(page, 'evaluated');
    await fits(page, 'evaluated');
    await shot(page, 'transcript');
    await page.emulateMedia({ colorScheme: 'dark' });
    await shot(page, 'transcript-dark');

    await api(student).post(`${calls}/${talk.id}/messages`, { message: 'One more thing.' });
    await page.reload();
    await page.getByText('Out of date').waitFor();
    await page.getByText(MADE.overall_assessment).waitFor();
});

test('a verdict is answered by a person\'s, with the reason, and that is taken back', async (t) => {
    await model.script('Say it otherwise.', { more: `[[evaluate:text ${JSON.stringify({ ...MADE, key_moments: [] })}]]` });
    const { page } = await visit(t, { said: ['Say it otherwise.'] });
    await page.getByRole('button', { name: 'Evaluate', exact: true }).click();
    const finding = page.getByRole('listitem').filter({ hasText: 'The pressure is not spoken of.' });
    await finding.getByText('Say otherwise').click();
    await finding.getByRole('button', { name: 'Save' }).click();
    assert.equal(await finding.getByText('Tina Teacher').count(), 0, 'a verdict and its reason are needed');
    await finding.getByLabel('met', { exact: true }).check();
    await finding.getByLabel('Reason').fill('She said it in class.');
    await shot(page, 'transcript-verdict');
    await axe(page, 'a verdict');
    await finding.getByRole('button', { name: 'Save' }).click();
    await finding.getByText('Tina Teacher').waitFor();
    await finding.getByText('She said it in class.').waitFor();
    await finding.getByText('not met').first().waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'SUMMARY');
    await axe(page, 'a verdict stands');
    await page.reload();
    await finding.getByText('She said it in class.').waitFor();
    await finding.getByRole('button', { name: 'Take back' }).click();
    await finding.getByText('She said it in class.').waitFor({ state: 'detached' });
});

test('a reason that is being written outlives another evaluation and a reload', async (t) => {
    await model.script('Judge me twice.', { more: `[[evaluate:text ${JSON.stringify({ ...MADE, key_moments: [] })}]]` });
    const { page } = await visit(t, { said: ['Judge me twice.'] });
    await page.getByRole('button', { name: 'Evaluate', exact: true }).click();
    const finding = page.getByRole('listitem').filter({ hasText: 'The pressure is not spoken of.' });
    await finding.getByText('Say otherwise').click();
    await finding.getByLabel('Reason').fill('Half a reason');
    const isKept = () => page.waitForFunction(() => document.querySelectorAll('details textarea')[1]?.value === 'Half a reason');
    await page.evaluate(() => document.querySelectorAll('details textarea')[1].form.classList.add('before'));
    await page.getByRole('button', { name: 'Evaluate again' }).click();
    await page.locator('.before').waitFor({ state: 'detached' });
    await isKept();
    await page.reload();
    await isKept();
    await finding.getByLabel('met', { exact: true }).check();
    await finding.getByRole('button', { name: 'Save' }).click();
    await finding.getByText('Half a reason').waitFor();
    await page.reload();
    await finding.getByText('Half a reason').first().waitFor();
    assert.equal(await page.locator('details[open]').count(), 0);
});

test('it leads on to the next student and back to the class, with the same choice', async (t) => {
    const { page, path, other, student } = await visit(t, { query: '?sort=name&order=desc' });
    await page.getByRole('link', { name: 'Next student' }).click();
    await page.waitForURL(new RegExp(`/students/${other.id}\\?sort=name&order=desc`));
    await page.getByText('This student has not begun.').waitFor();
    await axe(page, 'not begun');
    assert.equal(await page.getByRole('link', { name: 'Next student' }).count(), 0);
    await page.getByRole('link', { name: 'Previous student' }).click();
    await page.getByRole('heading', { level: 1, name: 'Stan Student' }).waitFor();
    await page.getByRole('link', { name: 'Back to the class' }).click();
    await page.getByRole('columnheader', { name: 'Name' }).waitFor();
    assert.equal(new URL(page.url()).pathname, path);
    assert.equal(await page.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort'), 'descending');
    assert.equal(await page.evaluate(() => document.activeElement.id), `student-${student.id}`);
});

test('what a model fails to do is said, and can be tried again', async (t) => {
    const { page } = await visit(t, { said: ['[[evaluate:status 400]]Hm.'] });
    page.watched.allow(/503/);
    await page.getByRole('button', { name: 'Evaluate', exact: true }).click();
    await page.getByRole('alert').waitFor();
    const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
    await page.getByRole('button', { name: 'Evaluate', exact: true }).click();
    await answered;
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByRole('alert').count(), 1);
});

test('who has only begun cannot be evaluated, and who is no student is not there', async (t) => {
    const { page, path, teacher } = await visit(t, { said: [] });
    await page.getByRole('log').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Evaluate' }).count(), 0);
    page.watched.allow(/404/);
    await page.goto(`${path}/${teacher.id}`);
    await page.getByText('This is not here').waitFor();
});
