// A stored conversation as all its readers see it, student and teacher, and on paper: what was said, and how far it has come.
import { $, button, el } from './dom.js';
import { announce } from './page.js';
import { date, t } from './text.js';

// The message of api-canvas.md as thread.js shows it. own: the name of who spoke with the tutor.
export const messageOf = ({ id, role, text, html, created_at: time, status, stopped, citations = [] }, own, actions) => ({
  id, text, time, actions, isOwn: role === 'User', author: role === 'User' ? own : t('Tutor'), html: role === 'User' ? null : html,
  note: stopped ? t('stopped') : status === 'failed' ? t('not answered') : '',
  sources: citations.map(({ number, display_name: name, page, excerpt }) => ({ number, name, page, excerpt })),
});

// path: of the conversation's API.
export const keepLinks = path => el('p', { class: 'links' },
  Object.entries({ markdown: 'Markdown', json: 'JSON' }).map(([format, name]) =>
    el('a', { href: `${path}/transcript?format=${format}&download=true`, download: '' }, t('Download as {format}', { format: name }))),
  button(t('Print or save as PDF'), () => print(), { class: 'link' }));

export const progressWords = ({ current, total }) => t('{current} of {total} objectives met', { current, total });

const allMet = () => t('All objectives are met. The conversation may go on.');

// messages: of the conversation, where met_at_turn finds the one that met an objective.
function showObjective({ objective, status, met_at_turn: at }, messages) {
  const message = messages[at];
  return el('li', { class: status ? 'met' : 'open' }, el('bdi', null, objective), el('span', { class: 'quiet' },
    !status ? t('not yet') : message ? el('a', { href: `#message-${message.id}` }, t('met at {time}', { time: date(message.created_at) })) : t('met')));
}

// Shows it in #objectives, and says what has come new.
export function updateProgress(progress, messages, before) {
  const { current, total, objectives } = progress;
  $('#objectives').replaceChildren(el('section', { class: 'progress', 'aria-label': t('Progress') },
    el('h2', null, t('Learning objectives')),
    el('div', { class: 'bar' }, el('progress', { value: current, max: total, 'aria-label': t('Progress') }), el('span', null, progressWords(progress))),
    current === total && el('p', { class: 'notice done' }, allMet()),
    el('ul', { class: 'objectives' }, objectives.map(one => showObjective(one, messages)))));
  if (!before || current <= before.current) return;
  const met = objectives.filter((now, i) => now.status && !before.objectives[i].status).map(({ objective }) => objective);
  announce(`${t('Objective met: {list}', { list: met.join('; ') })}. ${progressWords(progress)}. ${current === total ? allMet() : ''}`);
}
