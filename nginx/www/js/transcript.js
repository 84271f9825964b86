// A student's latest conversation as a teacher reads it, beside what a language model, and people, make of it.
import { request } from './api.js';
import { $, $$, clone, once } from './dom.js';
import { announce, attempt, draft, start } from './page.js';
import { keepLinks, messageOf, updateProgress } from './talk.js';
import { date, t } from './text.js';
import { showMessage } from './thread.js';

const [page, student] = location.pathname.split('/students/');
const api = `/api/v1${page}`;
let path, messages; // the conversation's API, and all that was said

const verdict = is => (is.met ? t('met') : t('not met'));

// A verdict on an objective, the model's and beside it a person's.
function finding(f, number, moments) {
  const { override: by, ...model } = f;
  const node = clone('finding', {
    ...model, ...by, verdict: verdict(f), ...(by ? { said: verdict(by), time: date(by.updated_at) } : { override: null }),
    moments: moments.filter(moment => moment.learning_objective === f.objective)
      .map(({ evidence, message_number: n }) => clone('moment', { evidence, id: messages[n - 1].id })),
  });
  const name = `${path}:${number}`;
  const reason = $('textarea', node);
  reason.oninput = () => draft.write(name, reason.value);
  draft.read(name).then(text => { $('details', node).open = reason.value = text; });
  node.onsubmit = event => {
    event.preventDefault();
    attempt(node, async () => {
      const said = await request(event.submitter.value, `${path}/evaluation/verdicts/${number}`, { body: new FormData(event.target) });
      draft.write(name, '');
      const now = finding(said, number, moments);
      node.replaceWith(now);
      $('summary', now).focus();
    });
  };
  return node;
}

function showEvaluation({ evaluation: e, stale, evaluated_at: at }) {
  if (!e) return;
  const items = texts => texts.map(text => clone('item', { text }));
  $('#evaluated').replaceChildren(clone('evaluation-made', {
    ...e, at: date(at), stale: stale ? undefined : null, strengths: items(e.strengths), areas: items(e.areas_for_improvement),
    findings: e.learning_objectives_evaluation.map((f, i) => finding(f, i + 1, e.key_moments)),
    metrics: e.custom_metrics.map(metric => clone('metric', metric)),
  }));
  $('#evaluate').textContent = t('Evaluate again');
}

async function evaluate(method, query) {
  $('#waiting').hidden = query;
  await attempt($('#failed'), async () => showEvaluation(await request(method, `${path}/evaluation${query}`)));
  $('#waiting').hidden = true;
  if (!query && !$('#failed *')) announce(t('The evaluation is there.'));
}

start(async () => {
  const { conversations: [row], ...others } = await request('GET', `${api}/ai_conversations${location.search || '?'}&around=${student}`);
  const { name } = row.student;
  $('h1').textContent = name;
  document.title = `${name} – Colloquy`;
  $('#back').href = `${page}/students${location.search}#student-${student}`;
  for (const link of $$('#others a')) if (others[link.id]) Object.assign(link, { hidden: false, href: others[link.id].id + location.search });
  $('#nothing').hidden = row.id;
  if (!row.id) return;
  path = `${api}/conversations/${row.id}`;
  const [transcript, { features }] = await Promise.all([request('GET', `${path}/transcript`), request('GET', '/api/v1/site')]);
  ({ messages } = transcript);
  $('#columns').hidden = false;
  $('#conversation').append(keepLinks(path));
  for (const message of messages) if (!message.initial) showMessage(messageOf(message, name));
  updateProgress(transcript.progress, messages);
  if (messages.length < 3 || !features.evaluation) return;
  $('#evaluation').hidden = false;
  $('#evaluate').onclick = ({ target }) => once(target, () => evaluate('POST', ''));
  await evaluate('GET', '?stored=true');
});
