// How far a conversation has come: a bar with its words, and each objective with when it was met.
import { announce } from './page.js';
import { el } from './dom.js';
import { date, t } from './text.js';

export const progressWords = ({ current, total }) => t('{current} of {total} objectives met', { current, total });

const allMet = () => t('All objectives are met. The conversation may go on.');

export const progressBar = progress => el('div', { class: 'bar' },
  el('progress', { value: progress.current, max: progress.total, 'aria-label': t('Progress') }), el('span', null, progressWords(progress)));

// messages: of the conversation, where met_at_turn finds the one that met an objective.
export function progressPanel(progress, messages) {
  return el('section', { class: 'progress', 'aria-label': t('Progress') },
    el('h2', null, t('Learning objectives')), progressBar(progress),
    progress.current === progress.total && el('p', { class: 'notice done' }, allMet()),
    el('ul', { class: 'objectives' }, progress.objectives.map(({ objective, status, met_at_turn: at }) => {
      const message = messages[at];
      return el('li', { class: status ? 'met' : 'open' }, el('bdi', null, objective), el('span', { class: 'quiet' },
        !status ? t('not yet') : message ? el('a', { href: `#message-${message.id}` }, t('met at {time}', { time: date(message.created_at) })) : t('met')));
    })));
}

// Puts the panel in the place of the one there, and says what has come new.
export function updateProgress(place, progress, messages, before) {
  place.replaceChildren(progressPanel(progress, messages));
  if (!before || progress.current <= before.current) return;
  const met = progress.objectives.filter((now, i) => now.status && !before.objectives[i].status).map(({ objective }) => objective);
  announce(`${t('Objective met: {list}', { list: met.join('; ') })}. ${progressWords(progress)}. ${progress.current === progress.total ? allMet() : ''}`);
}

