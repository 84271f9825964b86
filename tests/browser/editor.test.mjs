// What a teacher writes experiences with: the editor, its files, and what managers do on the pages of experiences.
import assert from 'node:assert/strict';
import test from 'node:test';
import { api, axe, fits, makeClass, makeExperience, open, shot } from './harness.mjs';

const pathOf = ({ courseId }) => `/courses/${courseId}/ai_experiences`;
const shown = (scene) => api(scene.teacher).get(`/api/v1${pathOf(scene)}/${scene.experience.id}`);
const texts = (locator) => locator.evaluateAll((nodes) => nodes.map((node) => node.value));
const objectives = (page) => page.locator('#learning_objectives textarea');
const save = (page, name) => page.getByRole('button', { name, exact: true }).click();

async function edit(t, options) {
    const scene = await makeClass();
    const page = await open(t, scene.teacher, options);
    await page.goto(`${pathOf(scene)}/${scene.experience.id}/edit`);
    await page.locator('#title').waitFor();
    return { ...scene, page };
}

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);

test('a new experience: written, saved as a draft, published', async (t) => {
    const scene = await makeClass();
    const page = await open(t, scene.teacher);
    await page.goto(`${pathOf(scene)}/new`);
    await page.getByRole('heading', { name: 'New experience' }).waitFor();
    await page.locator('#title').waitFor();
    await axe(page, 'a new one');
    await fits(page, 'a new one');
    await shot(page, 'editor-new');
    await page.getByLabel('Title').fill('The <b>price</b> of coffee');
    await page.getByLabel('Description').first().fill('A café\nat the corner.');
    await objectives(page).fill('Name the parts of the price');
    await page.getByRole('button', { name: 'Add an objective' }).click();
    await page.keyboard.type('Say who earns most'); // where the focus is
    await page.getByLabel('Guidance').fill('Ask, do not tell.');
    const preview = page.locator('#preview');
    assert.equal(await preview.getByRole('heading', { level: 3 }).textContent(), 'The <b>price</b> of coffee');
    assert.deepEqual(await preview.getByRole('listitem').allTextContents(), ['Name the parts of the price', 'Say who earns most']);
    await save(page, 'Save draft');
    await page.getByText('Saved', { exact: true }).waitFor();
    await page.getByRole('heading', { name: 'Edit experience' }).waitFor();
    await page.waitForURL(/ai_experiences\/\d+\/edit$/);
    const id = page.url().match(/ai_experiences\/(\d+)\/edit$/)[1];
    const stored = () => shown({ ...scene, experience: { id } });
    assert.equal((await stored()).workflow_state, 'unpublished');
    assert.equal((await stored()).description, 'A café\nat the corner.');
    assert.equal(await focused(page), 'save');
    await save(page, 'Publish');
    await page.getByText('published: students see and use it.').waitFor();
    assert.equal((await stored()).workflow_state, 'published');
    assert.equal(await focused(page), 'save'); // Publish has gone
    await axe(page, 'a published one');
    await shot(page, 'editor');
    await save(page, 'Unpublish');
    await page.getByText('not published, so that students do not see it.').waitFor();
    await page.reload();
    await page.getByLabel('Title').waitFor();
    assert.deepEqual(await texts(objectives(page)), ['Name the parts of the price', 'Say who earns most']);
    assert.equal(await page.getByText('Restored what you had typed.').isVisible(), false);
});

test('what is wrong is said beside the fields and above them, and nothing is lost', async (t) => {
    const scene = await makeClass();
    const page = await open(t, scene.teacher);
    page.watched.allow(/status of 400/);
    await page.goto(`${pathOf(scene)}/new`);
    await page.getByLabel('Description').first().fill('Kept');
    await page.getByLabel('Title').fill('x'.repeat(250));
    await page.getByText('5 characters left').waitFor();
    await page.getByLabel('Title').fill('x'.repeat(256));
    await page.getByText('One character too many').waitFor();
    await page.getByRole('button', { name: 'Add a metric' }).click();
    await save(page, 'Save draft');
    const summary = page.getByRole('alert').filter({ hasText: 'Please mend this' });
    await summary.waitFor();
    assert.equal(await focused(page), 'faults');
    assert.deepEqual(await summary.getByRole('listitem').allTextContents(), [
        'Title: is too long (maximum is 255 characters)',
        'Learning objectives: can\'t be blank',
        'Guidance: can\'t be blank',
        'Evaluation metrics: name can\'t be blank',
    ]);
    await axe(page, 'with faults');
    await shot(page, 'editor-faults');
    await summary.getByRole('link', { name: 'Guidance' }).click();
    await page.locator('#pedagogical_guidance:focus').waitFor();
    assert.equal(await page.getByLabel('Guidance').getAttribute('aria-invalid'), 'true');
    await page.getByText('can\'t be blank', { exact: true }).last().isVisible();
    await summary.getByRole('link', { name: 'Learning objectives' }).click();
    await page.locator('#learning_objectives:focus').waitFor();
    assert.equal(await page.getByLabel('Description').first().inputValue(), 'Kept');
    await page.getByLabel('Title').fill('Short');
    await page.getByLabel('Guidance').fill('Ask.');
    await objectives(page).fill('One');
    await page.getByRole('button', { name: /Remove.*Metric/ }).click();
    assert.equal(await focused(page), 'Add a metric');
    await save(page, 'Save draft');
    await page.getByText('Saved', { exact: true }).waitFor();
    assert.equal(await summary.isVisible(), false);
});

test('objectives are put in order by mouse and by keyboard, added and removed', async (t) => {
    const { page, ...scene } = await edit(t);
    const order = () => texts(objectives(page));
    for (let i = 3; i <= 10; i++) {
        await page.getByRole('button', { name: 'Add an objective' }).click();
        await page.keyboard.type(`Objective ${i}`);
    }
    assert.equal(await page.getByRole('button', { name: 'Add an objective' }).isDisabled(), true);
    const row = (n) => page.locator('#learning_objectives > li').nth(n);
    const middle = async (locator) => {
        await locator.scrollIntoViewIfNeeded();
        const { x, y, width, height } = await locator.boundingBox();
        return [x + width / 2, y + height / 2];
    };
    await row(0).locator('.handle').hover();
    await page.mouse.down();
    await page.mouse.move(...(await middle(row(1))), { steps: 4 });
    const [x, y] = await middle(row(1));
    await page.mouse.move(x, y + 80, { steps: 4 });
    await page.mouse.up();
    assert.deepEqual((await order()).slice(0, 3), ['Explain why', 'Name what happens', 'Objective 3']);
    await page.mouse.move(x, y - 200); // let go is let go
    assert.equal((await order())[0], 'Explain why');

    await row(2).getByRole('button', { name: 'Up' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('Now number 2').waitFor({ state: 'attached' });
    assert.deepEqual((await order()).slice(0, 3), ['Explain why', 'Objective 3', 'Name what happens']);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter'); // it is the first already
    assert.equal((await order())[0], 'Objective 3');
    assert.match(await focused(page), /^Up/);
    await page.keyboard.press('Tab'); // Down
    await page.keyboard.press('Tab'); // Remove
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.value), 'Explain why');
    await page.getByRole('status').getByText('Removed').waitFor({ state: 'attached' });
    assert.equal(await page.getByRole('button', { name: 'Add an objective' }).isDisabled(), false);
    await save(page, 'Save');
    await page.getByText('Saved', { exact: true }).waitFor();
    assert.deepEqual((await shown(scene)).learning_objectives.slice(0, 3), ['Explain why', 'Name what happens', 'Objective 4']);
});

test('evaluation metrics are stored as they were chosen', async (t) => {
    const { page, ...scene } = await edit(t);
    for (const name of ['Tone', 'Depth']) {
        await page.getByRole('button', { name: 'Add a metric' }).click();
        await page.keyboard.type(name);
    }
    const first = page.locator('#evaluation_metrics > li').first();
    await first.getByLabel('Description').fill('How they speak.');
    await first.getByLabel('In evaluations').selectOption('not used');
    await first.getByLabel('For learners').selectOption('visible');
    await axe(page, 'with metrics');
    await shot(page, 'editor-metrics');
    await save(page, 'Save');
    await page.getByText('Saved', { exact: true }).waitFor();
    assert.deepEqual((await shown(scene)).evaluation_metrics, [
        { name: 'Tone', description: 'How they speak.', enabled: false, visible_to_learners: true },
        { name: 'Depth', description: '', enabled: true, visible_to_learners: false },
    ]);
    await page.reload();
    assert.equal(await first.getByLabel('For learners').inputValue(), 'true');
});

test('what was typed and not saved is guarded, kept through a reload, and may be discarded', async (t) => {
    const { page } = await edit(t);
    const notice = page.getByText('Restored what you had typed.');
    page.watched.allow(/^dialog: /);
    let asked = 0;
    page.on('dialog', () => asked++);
    await page.reload();
    assert.equal(asked, 0); // nothing was changed
    await page.getByLabel('Title').fill('Typed');
    await page.getByRole('button', { name: 'Add an objective' }).click();
    await page.keyboard.type('A third');
    await page.reload();
    assert.equal(asked, 1);
    await notice.waitFor();
    assert.equal(await page.getByLabel('Title').inputValue(), 'Typed');
    assert.deepEqual(await texts(objectives(page)), ['Name what happens', 'Explain why', 'A third']);
    await axe(page, 'restored');
    await page.getByRole('button', { name: 'Discard it' }).click();
    assert.equal(await page.getByLabel('Title').inputValue(), 'Why water boils');
    assert.equal(await focused(page), 'title');
    assert.equal((await objectives(page).count()), 2);
    await page.reload();
    await page.getByLabel('Title').waitFor();
    assert.equal(asked, 1);
    assert.equal(await notice.isVisible(), false);
});

test('what is restored leaves alone what somebody else has written since', async (t) => {
    const { page, courseId, experience, teacher } = await edit(t);
    page.watched.allow(/^dialog: /);
    await page.getByLabel('Title').fill('Typed');
    const path = `/api/v1/courses/${courseId}/ai_experiences/${experience.id}`;
    await api(teacher).put(path, { facts: 'By a colleague.' });
    await page.reload();
    await page.getByText('Restored what you had typed.').waitFor();
    assert.equal(await page.getByLabel('Facts').inputValue(), 'By a colleague.');
    await save(page, 'Save');
    await page.getByText('Saved', { exact: true }).waitFor();
    const { title, facts } = await api(teacher).get(path);
    assert.deepEqual([title, facts], ['Typed', 'By a colleague.']);
});

test('what the server does not take just now stays typed', async (t) => {
    const { page } = await edit(t);
    page.watched.allow(/status of 503|Failed to load|ERR_FAILED/);
    await page.getByLabel('Title').fill('Typed');
    await page.route('**/api/v1/courses/**', (route) => (route.request().method() === 'PUT'
        ? route.fulfill({ status: 503, headers: { 'Retry-After': '5' }, json: { errors: [{ message: 'busy', error_code: 'service_unavailable' }] } })
        : route.continue()));
    await save(page, 'Save');
    await page.getByRole('alert').getByText('Try again in 5 seconds.').waitFor();
    assert.equal(await page.getByLabel('Title').inputValue(), 'Typed');
    await page.unroute('**/api/v1/courses/**');
    await save(page, 'Save');
    await page.getByText('Saved', { exact: true }).waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
});

test('a new one whose answer is lost is there once, with what was typed since', async (t) => {
    const scene = await makeClass();
    const page = await open(t, scene.teacher);
    page.watched.allow(/Failed to load|ERR_FAILED/);
    await page.goto(`${pathOf(scene)}/new`);
    await page.getByLabel('Title').fill('Typed');
    await objectives(page).fill('One');
    await page.getByLabel('Guidance').fill('Ask.');
    await page.route('**/ai_experiences', async (route) => {
        await route.fetch();
        await route.abort();
    }, { times: 1 });
    await save(page, 'Save draft');
    await page.getByRole('alert').getByText('No connection').waitFor();
    await page.getByLabel('Title').fill('Typed, and more');
    await save(page, 'Save draft');
    await page.getByText('Saved', { exact: true }).waitFor();
    const all = await api(scene.teacher).get(`/api/v1${pathOf(scene)}`);
    assert.deepEqual(all.map(({ title }) => title).filter((title) => title.startsWith('Typed')), ['Typed, and more']);
});

test('a test as a student is of what was saved', async (t) => {
    const { page, ...scene } = await edit(t);
    await page.getByLabel('Title').fill('As tested');
    await save(page, 'Save and test as a student');
    await page.waitForURL(/\?test$/);
    assert.equal((await shown(scene)).title, 'As tested');
    await page.getByRole('button', { name: 'Start the conversation' }).waitFor();
});

test('by keyboard alone', async (t) => {
    const scene = await makeClass();
    const page = await open(t, scene.teacher);
    await page.goto(`${pathOf(scene)}/new`);
    await page.getByLabel('Title').waitFor();
    const to = async (name) => {
        for (let i = 0; i < 30 && !(await focused(page)).startsWith(name); i++) {
            await page.keyboard.press('Tab');
        }
        assert.ok((await focused(page)).startsWith(name), name);
    };
    await to('title');
    await page.keyboard.type('Typed');
    await to('Add an objective');
    await page.keyboard.press('Enter');
    await page.keyboard.type('An objective');
    await to('pedagogical_guidance');
    await page.keyboard.type('Ask.');
    await to('Publish');
    await page.keyboard.press('Enter');
    await page.getByText('published: students see and use it.').waitFor();
});

test('the limits that the page counts by are those that hold', async (t) => {
    const { page, courseId, teacher } = await edit(t);
    const { constraints } = await api(teacher).get(`/api/v1/courses/${courseId}/ai_experiences/new`);
    const { learning_objectives: rows, evaluation_metrics: metrics, ...fields } = constraints;
    await page.getByRole('button', { name: 'Add a metric' }).click();
    const told = (selector, key) => page.locator(selector).first().evaluate((node, name) => Number(node.dataset[name]), key);
    for (const name of ['title', 'description', 'facts', 'pedagogical_guidance']) {
        assert.equal(await told(`#${name}`, 'max'), fields[name].max_length);
    }
    assert.equal(await told('#learning_objectives', 'most'), rows.max_items);
    assert.equal(await told('#learning_objectives [name]', 'max'), rows.item_max_length);
    assert.equal(await told('#evaluation_metrics', 'most'), metrics.max_items);
    assert.equal(await told('#evaluation_metrics [name=name]', 'max'), metrics.name.max_length);
    assert.equal(await told('#evaluation_metrics [name=description]', 'max'), metrics.description.max_length);
});

// ---- files

const text = (name, words) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(words) });
const broken = { name: 'broken.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\nnothing that could be read\n') };
const chosen = (page) => page.getByLabel('Choose files, or drop them here');
const file = (page, name) => page.locator('#files > li').filter({ hasText: name });

test('files are added, read, and removed', async (t) => {
    const { page, ...scene } = await edit(t);
    page.watched.allow(/status of 422/);
    await chosen(page).setInputFiles([text('notes.txt', 'Water boils at 100 °C.'), broken,
        { name: 'picture.png', mimeType: 'image/png', buffer: Buffer.from('\x89PNG\r\n\x1a\n', 'latin1') }]);
    await file(page, 'notes.txt').getByText('ready').waitFor();
    await file(page, 'broken.pdf').getByText('could not be read: it is damaged').waitFor();
    await file(page, 'picture.png').getByRole('alert').getByText('is not a supported type').waitFor();
    assert.deepEqual(await page.locator('#files > li > a').allTextContents(), ['notes.txt', 'broken.pdf', 'picture.png']);
    await axe(page, 'with files');
    await fits(page, 'with files');
    await shot(page, 'editor-files');
    await chosen(page).setInputFiles([text('again.txt', 'Water boils at 100 °C.')]); // what is there already
    await file(page, 'again.txt').waitFor({ state: 'detached' });
    const link = await file(page, 'notes.txt').getByRole('link').getAttribute('href');
    assert.equal((await page.request.get(link)).status(), 200);

    await file(page, 'picture.png').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await file(page, 'broken.pdf').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog', { name: 'Remove “broken.pdf”?' }).getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.match(await focused(page), /^Remove broken.pdf/);
    assert.equal(await file(page, 'broken.pdf').count(), 1);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await file(page, 'broken.pdf').waitFor({ state: 'detached' });
    assert.match(await focused(page), /^Remove notes.txt/);
    assert.deepEqual((await shown(scene)).context_files.map((one) => one.display_name), ['notes.txt']);
});

test('what cannot be published or taken back says why', async (t) => {
    const scene = await makeClass({ workflow_state: 'unpublished' });
    const page = await open(t, scene.teacher);
    page.watched.allow(/status of 400/);
    await page.goto(`${pathOf(scene)}/${scene.experience.id}/edit`);
    await page.getByLabel('Title').waitFor();
    await chosen(page).setInputFiles([broken]);
    await page.getByText('Until all its files are read').waitFor();
    await page.getByLabel('Title').fill('Typed');
    await save(page, 'Publish');
    await page.getByRole('alert').getByText('Cannot publish while source files are still processing').waitFor();
    assert.equal(await page.getByLabel('Title').inputValue(), 'Typed');
    await axe(page, 'not to be published');
    await file(page, 'broken.pdf').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Until all its files are read').waitFor({ state: 'hidden' });
    await save(page, 'Publish');
    await page.getByText('published: students see and use it.').waitFor();
    await api(scene.student).post(`/api/v1${pathOf(scene)}/${scene.experience.id}/conversations`);
    await page.reload();
    await page.getByText('Students have begun, so it stays published.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Unpublish' }).isVisible(), false);
});

test('who may not edit is told so, and so is who asks for what is not there', async (t) => {
    const { courseId, student, teacher, experience } = await makeClass();
    const page = await open(t, student);
    page.watched.allow(/status of 40[34]/);
    await page.goto(`/courses/${courseId}/ai_experiences/${experience.id}/edit`);
    await page.getByRole('alert').getByText('You may not do that.').waitFor();
    assert.equal(await page.locator('#editor').isVisible(), false);
    const other = await open(t, teacher);
    other.watched.allow(/status of 404/);
    await other.goto(`/courses/${courseId}/ai_experiences/999999999/edit`);
    await other.getByRole('alert').getByText('This is not here').waitFor();
});

// ---- the pages of experiences

const item = (page, title) => page.getByRole('main').getByRole('listitem').filter({ hasText: title });

test('managers publish, take back and delete on the list', async (t) => {
    const scene = await makeClass({ title: 'First' });
    await makeExperience(scene.courseId, scene.teacher, { title: 'Second', workflow_state: 'unpublished' });
    const page = await open(t, scene.teacher);
    page.watched.allow(/status of 400/);
    await page.goto(pathOf(scene));
    await page.getByRole('heading', { level: 1, name: 'A course' }).waitFor();
    await item(page, 'First').getByText('Published · 0 of 1 students completed').waitFor();
    await axe(page, 'a manager\'s list');
    await fits(page, 'a manager\'s list');
    await shot(page, 'list-manager');
    const second = item(page, 'Second');
    await second.getByRole('button', { name: 'Publish' }).press('Enter');
    await second.getByText('Published', { exact: true }).waitFor();
    assert.equal(await focused(page), 'Unpublish');
    await page.keyboard.press('Enter');
    await second.getByText('Not published', { exact: true }).waitFor();

    const first = item(page, 'First');
    await api(scene.student).post(`/api/v1${pathOf(scene)}/${scene.experience.id}/conversations`); // after the page was made
    await first.getByRole('button', { name: 'Unpublish' }).click();
    await first.getByRole('alert').getByText('Cannot unpublish if students have started conversations').waitFor();
    await axe(page, 'refused');
    await page.reload();
    await first.getByText('Students have begun, so it stays published.').waitFor();

    await first.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog', { name: 'Delete “First”?' }).getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await focused(page), 'Delete');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await first.waitFor({ state: 'detached' });
    assert.equal(await focused(page), 'Second');
});

test('managers do the same on the page of one', async (t) => {
    const scene = await makeClass({ title: 'The only one' });
    const page = await open(t, scene.teacher);
    const path = `${pathOf(scene)}/${scene.experience.id}`;
    await page.goto(path);
    await page.getByText('Ask one question at a time.').waitFor();
    await axe(page, 'a manager\'s page');
    await fits(page, 'a manager\'s page');
    await shot(page, 'experience-manager');
    await page.getByRole('button', { name: 'Unpublish' }).click();
    await page.locator('#standing').getByText('Not published').waitFor();
    assert.equal((await shown(scene)).workflow_state, 'unpublished');
    for (const [name, to] of [['Edit', '/edit'], ['Students', '/students'], ['Test as a student', '?test']]) {
        assert.equal(await page.getByRole('main').getByRole('link', { name, exact: true }).getAttribute('href'), `${path}${to}`);
    }
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog', { name: 'Delete “The only one”?' }).getByRole('button', { name: 'Delete' }).click();
    await page.waitForURL(`**${pathOf(scene)}`);
    await page.getByText('There are no experiences here yet.').waitFor();
    await page.getByRole('link', { name: 'New experience' }).click();
    await page.getByRole('heading', { name: 'New experience' }).waitFor();
});

test('without scripts the pages lead to the plain forms, and publish by their own', async (t) => {
    const scene = await makeClass({ workflow_state: 'unpublished' });
    const signedIn = await open(t, scene.teacher);
    const plain = await open(t, null, { javaScriptEnabled: false, storageState: await signedIn.context().storageState() });
    const path = `${pathOf(scene)}/${scene.experience.id}`;
    plain.watched.allow(/: csp$/); // how scripts are off here
    await plain.goto(path);
    assert.equal(await plain.getByRole('button', { name: 'Delete' }).isVisible(), false);
    await plain.getByRole('button', { name: 'Publish' }).click();
    await plain.locator('#standing').getByText('Published', { exact: true }).waitFor();
    assert.equal(new URL(plain.url()).pathname, path);
    await plain.getByRole('link', { name: 'Edit without scripts' }).click();
    await plain.getByLabel('Title').fill('Plainly');
    await plain.getByRole('button', { name: 'Save' }).click();
    await plain.getByRole('heading', { name: 'Plainly' }).waitFor();
});

test('students see how far they are', async (t) => {
    const scene = await makeClass({ title: 'Theirs' });
    const page = await open(t, scene.student);
    await page.goto(pathOf(scene));
    await item(page, 'Theirs').getByText('Not started').waitFor();
    assert.equal(await page.getByRole('main').getByRole('button').count(), 0);
    await axe(page, 'a student\'s list');
    await shot(page, 'list-student');
    await api(scene.student).post(`/api/v1${pathOf(scene)}/${scene.experience.id}/conversations`);
    await page.reload();
    await item(page, 'Theirs').getByText('In progress').waitFor();
});

test('in German', async (t) => {
    const scene = await makeClass({ title: 'Why water boils' });
    const page = await open(t, scene.teacher, { locale: 'de' });
    await page.goto(pathOf(scene));
    await page.getByText('0 von 1 Studierenden abgeschlossen').waitFor();
    await page.getByRole('link', { name: 'Bearbeiten', exact: true }).click();
    await page.getByRole('heading', { name: 'Aufgabe bearbeiten' }).waitFor();
    page.watched.allow(/status of 400/);
    await page.getByLabel('Titel').fill('x'.repeat(300));
    await page.getByRole('button', { name: 'Speichern', exact: true }).click();
    await page.getByRole('listitem').getByText('ist zu lang (höchstens 255 Zeichen)').waitFor();
    await shot(page, 'editor-de');
});

test('a save takes back nothing that was changed elsewhere', async (t) => {
    const scene = await makeClass({ workflow_state: 'unpublished' });
    const page = await open(t, scene.teacher);
    await page.goto(`${pathOf(scene)}/${scene.experience.id}/edit`);
    await page.getByLabel('Title').fill('Mine');
    await api(scene.teacher).put(`/api/v1${pathOf(scene)}/${scene.experience.id}`, { workflow_state: 'published', description: 'Theirs' });
    await page.locator('#save').click();
    await page.getByText('Saved', { exact: true }).waitFor();
    const { title, description, workflow_state: state } = await shown(scene);
    assert.deepEqual({ title, description, state }, { title: 'Mine', description: 'Theirs', state: 'published' });
});
