// A reply while it comes, and a page that stays where its reader is.
import { $, $$, el } from './dom.js';
import { announce } from './page.js';
import { t } from './text.js';
import { fill, removeMessage } from './thread.js';

const NEAR_END = 64; // pixels
const SAY_AGAIN = 7000; // milliseconds

const jump = $('.jump');
let isFollowing = true;
let lastY = 0;

const below = () => $('#latest').getBoundingClientRect().bottom - innerHeight;

function follow() {
  if (isFollowing) scrollBy({ top: Math.max(0, below()), behavior: 'instant' });
  jump.hidden = isFollowing;
}

export function toEnd() {
  isFollowing = true;
  follow();
}

// Only the reader's own scrolling ends following: a page that grows does not.
function look() {
  if (below() < NEAR_END) isFollowing = true;
  else if (scrollY < lastY) isFollowing = false;
  lastY = scrollY;
  jump.hidden = isFollowing;
}

addEventListener('scroll', look, { passive: true });
addEventListener('resize', follow);

// A page that has just opened grows by its formulas; one in which something is done stays.
const growth = new ResizeObserver(follow);
growth.observe($('.thread'));
addEventListener('click', () => growth.disconnect());

jump.onclick = toEnd;

// The words of a message without its buttons'.
function spoken(article) {
  const body = $('.body', article).cloneNode(true);
  for (const node of $$('button', body)) node.remove();
  return body.textContent;
}

// It stands as text until done() puts the whole one there.
export class Reply {
  #pending = '';
  #frame = 0;

  constructor(author) {
    growth.disconnect();
    this.body = el('div', { class: 'body streaming', dir: 'auto' }, el('p', { class: 'thinking' }, t('Thinking…')));
    this.article = el('article', { class: 'message reply', 'aria-label': author }, el('h3', null, el('bdi', null, author)), this.body);
    $('.thread').append(this.article);
    follow();
    announce(t('Replying…'));
    this.timer = setInterval(() => announce(t('Still replying…')), SAY_AGAIN);
  }

  append(text) {
    this.#pending += text;
    this.#frame ||= requestAnimationFrame(() => this.#flush());
  }

  // What is waited for, in the place of the dots, until text comes.
  say(words) {
    if (!this.paragraph && !this.#pending) this.body.firstElementChild.textContent = words;
  }

  // A paragraph an element: only the last one is laid out again.
  #flush() {
    this.#frame = 0;
    if (!this.paragraph) this.body.replaceChildren();
    this.#pending.split(/(?<=\n)\n+/).forEach((part, i) => {
      if (i || !this.paragraph) this.body.append(this.paragraph = el('p', { class: 'raw' }, ''));
      this.paragraph.append(part);
      this.paragraph.normalize();
    });
    this.#pending = '';
    follow();
  }

  #stop() {
    clearInterval(this.timer);
    cancelAnimationFrame(this.#frame);
  }

  // The page does not move: the reply stays at least as high as its text was, until the next one begins.
  done(message) {
    this.#stop();
    const height = this.article.offsetHeight;
    for (const article of $$('.thread > article')) article.style.minHeight = '';
    this.article.removeAttribute('aria-label');
    removeMessage(message.id); // shown already, since the first try had arrived
    fill(this.article, message);
    this.article.style.minHeight = `${height}px`;
    announce(`${message.author}: ${spoken(this.article)}`);
  }

  remove() {
    this.#stop();
    this.article.remove();
  }
}
