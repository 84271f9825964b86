// The class: students as the address says (doc/api-pages.md 4.1), followed while somebody looks.
import { request } from './api.js';
import { $, $$, clone } from './dom.js';
import { fault, start } from './page.js';
import { date, plural, t } from './text.js';

const FOLLOW = 5000; // milliseconds
const UNATTENDED = 15 * 60 * 1000;
const page = location.pathname.replace('/students', '');
const api = `/api/v1${page}`;
const query = new URLSearchParams(location.search);
const form = $('#filter');
let { hash } = location; // of whom one comes back from
let asked = 0; // how often
let shown, timer, isOver;
let touched = Date.now();

const bar = (id, values, n = 0, total = 0) => clone(id, { ...values, n, total: total || 1, words: total ? t('{n} of {total}', { n, total }) : '' });

const rowOf = ({ student, state, progress, updated_at: at, ...row }) => bar('student', {
  ...row, ...student, page: page.replace('/courses/', ''), query, state: $(`[value=${state}]`).text, at: at ? date(at) : '' }, progress?.current, progress?.total);

function draw({ conversations: rows, total }, { total_students: all, objectives, progress, ...counts }) {
  const focused = document.activeElement.id || hash.slice(1);
  const at = Number(query.get('page') ?? 1);
  const chart = (id, list) => $(id).replaceChildren(...list.map(([name, n, of = all]) => bar('bar', { name }, n, of)));
  chart('#states', [...form.state.options].slice(1).map(({ text, value }) => [text, counts[value]]));
  chart('#objectives', objectives.map(({ objective, met_count: n, count }) => [objective, n, count]));
  chart('#met', progress.map(({ met, students }) => [plural(met, 'One objective', '{n} objectives'), students]));
  $('#rows').replaceChildren(...rows.map(rowOf));
  $('#count').textContent = t('{n} of {total} shown, {all} in the class', { n: rows.length, total, all });
  for (const [id, n] of [['#previous', at - 1], ['#next', at + 1]]) Object.assign($(id), { value: n, hidden: n < 1 || n * 100 - 100 >= total });
  $('#nobody').hidden = total;
  $(all ? '#class' : '#empty').hidden = false;
  document.getElementById(focused)?.focus({ preventScroll: !hash });
  hash = '';
}

async function load() {
  const turn = ++asked;
  history.replaceState(null, '', `?${query}`);
  $('#csv').href = `${api}/ai_conversations.csv?${query}`;
  for (const { value, parentNode: head } of $$('th button'))
    head.ariaSort = value !== (query.get('sort') ?? 'name') ? null : query.get('order') ? 'descending' : 'ascending';
  try {
    const answers = await Promise.all([request('GET', `${api}/ai_conversations?per_page=100&${query}`), request('GET', `${api}/class_picture`)]);
    if (turn !== asked) return;
    if (shown !== (shown = JSON.stringify(answers))) draw(...answers);
    $('#faults').replaceChildren();
  } catch (error) {
    if (turn !== asked) return;
    if (!$('#faults *')) $('#faults').append(fault(error));
    isOver = [401, 403, 404].includes(error.status);
  }
}

// As fast as the server answers, and while there is somebody: a screen that nobody sits at keeps no session alive.
async function follow() {
  if (document.visibilityState === 'visible' && Date.now() - touched < UNATTENDED) await load();
  clearTimeout(timer);
  if (!isOver) timer = setTimeout(follow, FOLLOW);
}

// Another choice begins at its first page.
function choose({ name, value, parentNode: head }, pause) {
  if (name === 'sort') query.set('order', head.ariaSort === 'ascending' ? 'desc' : '');
  query.delete('page');
  query.set(name, value);
  clearTimeout(timer);
  timer = setTimeout(follow, pause);
  if (name === 'page') $('#heading').focus();
}

start(async () => {
  for (const field of [form.search_term, form.state]) field.value = query.get(field.name) ?? '';
  form.oninput = ({ target }) => choose(target, 200);
  form.onsubmit = event => {
    event.preventDefault();
    choose(event.submitter);
  };
  $('#rows').onclick = ({ target }) => history.replaceState(null, '', `#${target.id}`);
  $('#back').href = page;
  for (const name of ['pointermove', 'keydown']) addEventListener(name, () => { touched = Date.now(); });
  const [{ title }] = await Promise.all([request('GET', api), follow()]);
  $('h1').textContent = title;
  document.title = `${title}, ${t('Students')} – Colloquy`;
});
