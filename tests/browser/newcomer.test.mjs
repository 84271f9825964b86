// What somebody does who has just read README.md, with the demo's people, in two windows at once: an experience is written, talked
// through, followed, evaluated and judged. Once by mouse, and once by keyboard alone.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { keyboard, mouse } from './hands.mjs';
import { api, axe, model, open, site } from './harness.mjs';

const list = `/courses/${site.courseId}/ai_experiences`;
const OBJECTIVES = ['Say what makes dough rise', 'Explain what heat does to it'];

const find = ({ page }, role, name, options) => page.getByRole(role, { name, exact: true, ...options });
const row = ({ page }, name) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
const article = ({ page }, text) => page.getByRole('log').getByRole('article').filter({ hasText: text });

async function signIn(hand, who) {
    await hand.page.goto(list);
    await hand.write(hand.page.getByLabel('User name'), who.login);
    await hand.write(hand.page.getByLabel('Password'), who.password);
    await hand.press(find(hand, 'button', 'Sign in'));
    await hand.page.waitForURL(`**${list}`);
    return (await api(who).get('/api/v1/users/self')).name;
}

async function writeExperience(hand, title, look) {
    const { page } = hand;
    await hand.press(find(hand, 'link', 'New experience'));
    await hand.write(page.getByLabel('Title'), title);
    await hand.write(page.getByLabel('Description').first(), 'You bake a loaf, and it rises twice.');
    await hand.write(page.getByRole('list', { name: 'Learning objectives' }).getByRole('textbox').first(), OBJECTIVES[0]);
    await hand.press(find(hand, 'button', 'Add an objective'));
    await page.keyboard.type(OBJECTIVES[1]); // where the focus is
    await hand.write(page.getByLabel('Facts'), 'Yeast makes carbon dioxide from sugar.');
    await hand.write(page.getByLabel('Guidance'), 'Ask one question at a time.');
    await look(page, 'an experience, written');
    await hand.press(find(hand, 'button', 'Publish'));
    await page.getByText('published: students see and use it.').waitFor();
    await look(page, 'an experience, published');
    await hand.press(find(hand, 'link', 'Back to the experience'), { back: true });
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    await look(page, 'an experience, as its teacher sees it');
}

async function say(hand, text, script) {
    const { page } = hand;
    await model.script(text, { words: 30, isHeld: true, ...script });
    await hand.write(page.getByLabel('Your message'), text);
    await page.keyboard.press('Enter');
    await page.locator('.streaming .raw').waitFor();
    await model.go(text);
    await article(hand, text).waitFor();
    await find(hand, 'button', 'Send').waitFor();
    assert.equal(await page.getByLabel('Your message').evaluate((node) => node === document.activeElement), true, 'one can go on writing');
}

// What the teacher's window shows of the student, who has just done something; nobody reloads it.
async function expectStanding(hand, name, cells) {
    await hand.page.clock.fastForward(5000);
    for (const cell of cells) {
        await row(hand, name).getByRole('cell', { name: cell, exact: true }).waitFor();
    }
}

async function judge(hand, look) {
    const { page } = hand;
    await page.getByRole('log').getByText('The gas bubbles grow in the heat').waitFor();
    await look(page, 'a transcript');
    await hand.press(find(hand, 'button', 'Evaluate'));
    await page.getByText('Knows the yeast, not yet the heat.').waitFor();
    await look(page, 'an evaluation');
    const finding = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: OBJECTIVES[1] }) });
    await hand.press(finding.getByText('Say otherwise'), { back: true });
    await hand.choose(finding.getByLabel('met', { exact: true }));
    await hand.write(finding.getByLabel('Reason'), 'The bubbles were named.');
    await look(page, 'a verdict');
    await hand.press(finding.getByRole('button', { name: 'Save' }));
    await finding.getByText('The bubbles were named.').first().waitFor();
    await finding.getByRole('button', { name: 'Take back' }).waitFor();
    await look(page, 'a verdict of a person');
}

async function startAgainAndTakeHome(hand, title, look) {
    const { page } = hand;
    await hand.press(find(hand, 'link', 'All experiences'), { back: true });
    const item = page.getByRole('main').getByRole('listitem').filter({ hasText: title });
    await item.getByText('Completed').waitFor();
    await look(page, 'a list with one completed');
    await hand.press(item.getByRole('link', { name: title }));
    await hand.press(find(hand, 'button', 'Start again'));
    await find(hand, 'dialog', 'Start again?').waitFor();
    await look(page, 'asked whether to start again');
    await hand.press(find(hand, 'dialog', 'Start again?').getByRole('button', { name: 'Start again' }));
    await article(hand, 'The gas bubbles').first().waitFor({ state: 'detached' });
    await page.getByText('0 of 2 objectives met').first().waitFor();
    await hand.press(page.getByText('One earlier conversation'), { back: true });
    await hand.press(page.locator('details').getByRole('link'));
    await article(hand, 'The gas bubbles').first().waitFor();
    await look(page, 'a conversation to read');
    const [download] = await Promise.all([page.waitForEvent('download'), hand.press(find(hand, 'link', 'Download as Markdown'))]);
    assert.match(await readFile(await download.path(), 'utf8'), /The gas bubbles grow in the heat/);
}

const EVALUATION = {
    overall_assessment: 'Knows the yeast, not yet the heat.',
    key_moments: [{ number: 1, evidence: 'Yeast eats the sugar', message_number: 3 }],
    learning_objectives_evaluation: [
        { number: 1, met: true, score: 90, explanation: 'Named at once.' },
        { number: 2, met: false, score: 30, explanation: 'Only touched.' },
    ],
    strengths: ['Clear words'],
    areas_for_improvement: ['Causes'],
    overall_score: 60,
};

async function tell(t, way, { name, look }) {
    const [teacher, student] = [way(await open(t)), way(await open(t))];
    const title = `Why bread rises, by ${name}`;
    await teacher.page.clock.install(); // time goes on, and can be made to
    await signIn(teacher, site.teacher);
    await writeExperience(teacher, title, look);
    const { pathname } = new URL(teacher.page.url());
    t.after(() => api(site.teacher).delete(`/api/v1${pathname}`));
    const who = await signIn(student, site.student);
    await begin(teacher, student, { title, who, look });

    await say(student, `Yeast eats the sugar, by ${name}.`, { covers: [1] });
    await student.page.getByText('1 of 2 objectives met').first().waitFor();
    await expectStanding(teacher, who, ['In progress', '1 of 2', '3']);
    await look(teacher.page, 'a class in progress');
    await say(student, `The gas bubbles grow in the heat, by ${name}.`, { covers: [1, 2], more: `[[evaluate:text ${JSON.stringify(EVALUATION)}]]` });
    await student.page.locator('.notice.done').getByText('All objectives are met.').waitFor();
    await look(student.page, 'a conversation, completed');
    await expectStanding(teacher, who, ['Completed', '2 of 2', '5']);

    await teacher.press(find(teacher, 'link', who));
    await judge(teacher, look);
    await startAgainAndTakeHome(student, title, look);
    await teacher.press(find(teacher, 'link', 'Back to the class'), { back: true });
    await expectStanding(teacher, who, ['In progress', '0 of 2', '1']);
}

// The teacher's window stands at the class from here on; the student finds the experience and begins.
async function begin(teacher, student, { title, who, look }) {
    await teacher.press(find(teacher, 'link', 'Students'));
    await row(teacher, who).getByRole('cell', { name: 'Not started' }).waitFor();
    await student.press(find(student, 'link', title));
    await student.press(find(student, 'button', 'Start the conversation'));
    await student.page.getByLabel('Your message').waitFor();
    await look(student.page, 'a conversation, begun');
    await expectStanding(teacher, who, ['In progress', '0 of 2', '1']);
}

test('from nothing to a judged conversation, by mouse', (t) => tell(t, mouse, { name: 'mouse', look: axe }));

test('the same by keyboard alone', (t) => tell(t, keyboard, { name: 'keyboard', look: async () => {} }));
