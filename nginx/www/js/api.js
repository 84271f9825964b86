// The server's calls: JSON, streams of events, and what went wrong in words.
import { plural, t, told } from './text.js';

// status 0: no answer came. fields: of a form that cannot be saved, name → messages.
export class ApiError extends Error {
  constructor(status, body = {}, headers = new Headers()) {
    super(body.error ?? body.detail ?? body.errors?.[0]?.message ?? '');
    this.status = status;
    this.code = body.code ?? body.errors?.[0]?.error_code ?? '';
    this.wait = Number(headers.get('Retry-After')) || 0;
    this.reference = body.reference_id ?? headers.get('X-Request-Id') ?? '';
    this.fields = status === 400 || status === 422 ? fieldsOf(body) : {};
  }
}

// The chat API's messages begin with the name.
function fieldsOf(body) {
  if (typeof body.errors?.[0] === 'string') return Object.fromEntries(body.errors.map(text => [text.match(/^\w*/)[0], [text.replace(/^\w*:? ?/, '')]]));
  const fields = Array.isArray(body.errors) || !body.errors ? body : body.errors;
  return Object.fromEntries(Object.entries(fields).filter(([name, list]) => name !== 'errors' && Array.isArray(list)));
}

// Of the session that the page was opened in: what is typed here is never sent as somebody who has signed in since, in another window.
const tokenNow = () => document.cookie.match(/(?:^|; )_csrf_token=([^;]*)/)?.[1] ?? '';
export const csrfToken = tokenNow();

// A page that the browser kept shows nothing of whoever has signed out.
addEventListener('pageshow', () => { if (tokenNow() !== csrfToken) location.reload(); });

export const signInPath = () => `/login?return_to=${encodeURIComponent(location.pathname + location.search)}`;

async function send(method, path, { body, headers = {}, accept = 'application/json', signal } = {}) {
  const isJson = body && !(body instanceof FormData);
  let response;
  try {
    response = await fetch(path, {
      method, signal,
      headers: { Accept: accept, 'X-CSRF-Token': csrfToken, ...(isJson && { 'Content-Type': 'application/json' }), ...headers },
      body: isJson ? JSON.stringify(body) : body,
    });
  } catch (error) {
    throw error.name === 'AbortError' ? error : new ApiError(0);
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw new ApiError(response.status, answer, response.headers);
}

// It can break off, too.
const read = response => response.json().catch(() => { throw new ApiError(0); });

// The answer's JSON. body: an object, or FormData.
export const request = async (method, path, options) => read(await send(method, path, options));

// All pages of a list, by their Link headers.
export async function list(path) {
  const rows = [];
  for (let next = path; next && rows.length < 10000;) {
    const response = await send('GET', next);
    rows.push(...await read(response));
    next = response.headers.get('Link')?.match(/<([^>]*)>; ?rel="next"/)?.[1];
  }
  return rows;
}

// The events of a POST as {event, data}; a server that does not stream gives its whole answer as the event 'answer'.
// Ends when the stream does, whatever was its last event; a connection that breaks is an ApiError of status 0.
export async function* stream(path, body) {
  const response = await send('POST', path, { body, accept: 'text/event-stream' });
  if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
    yield { event: 'answer', data: await response.json() };
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read().catch(() => { throw new ApiError(0); });
    if (done) return;
    text += value;
    for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
      const [, event] = text.slice(0, end).match(/^event: (.*)$/m) ?? [];
      const [, data] = text.slice(0, end).match(/^data: (.*)$/m) ?? [];
      if (event) yield { event, data: JSON.parse(data) };
    }
  }
}

// What the reader is told, and can do about it.
export function explain(error) {
  const wait = error.wait && error.wait < 3600 ? ' ' + plural(error.wait, 'Try again in a second.', 'Try again in {n} seconds.') : '';
  const reference = error.status >= 500 && error.reference ? ' ' + t('If you report this, say: {id}', { id: error.reference }) : '';
  return (words(error) + wait + reference).trim();
}

function words(error) {
  const byCode = {
    turn_in_progress: t('A reply is still on its way.'),
    conversation_completed: t('This conversation has ended.'),
    content_filtered: t('The model’s provider did not let this answer pass. Try to say it differently.'),
    source_gone: t('This document is not here any more, or not for you.'),
    bot_not_found: t('This bot is not here any more, or not for you.'),
    csrf: t('Your session has changed in another window. Reload the page.'),
  };
  const byStatus = {
    0: t('No connection to the server. What you wrote is kept.'),
    401: t('You are not signed in any more. What you wrote is kept.'),
    403: t('You may not do that.'),
    404: t('This is not here, or not any more.'),
    413: t('That is too large.'),
    415: t('This kind of file is not supported.'),
    429: t('You have reached a limit of this site.'),
    502: t('The language model failed to answer.'),
    503: t('The language model or the service is not available just now.'),
    504: t('The language model took too long to answer.'),
  };
  if (!(error instanceof ApiError)) return t('Something went wrong on this page.');
  return byCode[error.code.replace('invalid_authenticity_token', 'csrf')] ?? byStatus[error.status] ?? (told(error.message || Object.values(error.fields).flat()[0] || '') || t('Something went wrong on our side.'));
}
