// A stored conversation as all its readers see it: student, teacher, and on paper.
import { button, el } from './dom.js';
import { t } from './text.js';

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
