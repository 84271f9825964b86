// What is said and its reply, through whatever happens on the way: nothing typed is lost, and what the server has is shown.
import { ApiError } from './api.js';
import { Composer } from './composer.js';
import { $, $$ } from './dom.js';
import { attempt, fault } from './page.js';
import { Reply, toEnd } from './reply.js';
import { t } from './text.js';
import { removeMessage, showMessage } from './thread.js';

const FINAL = [401, 403, 404]; // asking again would not help
const POLL = [1000, 2000, 4000]; // milliseconds, the last again and again

/*
 * tutor: who replies. name, max, onsend: see composer.js. onstop() asks the server to end the reply. A message is one of thread.js.
 * send(turn): tells it with turn.stored(id), turn.append(text), turn.done(message), and returns whether the turn came to its end
 *   (a stream that just stops did not). turn: {text, key, again, reply, …}; key repeats when the same is tried again.
 * look(): asks the server, shows the conversation as it has it, and returns whether a reply is still coming.
 */
export class Turns {
  constructor({ name, max, onsend, onstop, ...parts }) {
    $('.below').hidden = false;
    Object.assign(this, parts, { notices: $('#notices') });
    this.composer = new Composer({ name, max, onsend, onstop: () => attempt(this.notices, onstop) });
    addEventListener('online', () => this.composer.waiting?.());
  }

  // again: a message that failed. more: for send().
  async say(text, { again, ...more } = {}) {
    if (this.composer.busy) return;
    if (!again?.isStored) this.composer.waiting = null;
    const key = again?.key ?? crypto.randomUUID();
    const mine = { id: again?.id ?? key, isOwn: true, author: t('You'), text, time: Date.now(), key };
    const turn = { ...more, more, text, key, again, mine, isStored: Boolean(again?.isStored) };
    let isInBox = this.composer.text === text;
    turn.stored = (id, isUnsent) => {
      this.composer.clear(text, isInBox, isUnsent);
      isInBox = false;
      turn.isStored = true;
      if (document.activeElement === document.body) this.composer.stop.focus(); // what had it is gone
      if (id !== mine.id) removeMessage(id); // shown already, since the first try had arrived
      $(`#message-${mine.id}`).id = `message-${id}`;
      mine.id = id;
    };
    this.notices.replaceChildren();
    showMessage(mine);
    $('.thread').append($(`#message-${mine.id}`)); // after what was said since
    await this.run(async reply => {
      Object.assign(turn, { reply, append: part => reply.append(part), done: message => reply.done(message) });
      try {
        if (!await this.send(turn)) throw new ApiError(0);
      } catch (error) {
        await this.#failed(error, turn);
      }
    });
  }

  // A reply is on its way that this page did not ask for, or has lost sight of.
  wait() {
    return this.run(reply => this.settle(reply));
  }

  // action(reply): while it runs nothing else can be said.
  async run(action) {
    toEnd();
    this.composer.busy = true;
    try {
      await action(new Reply(this.tutor));
    } finally {
      this.composer.busy = false;
    }
  }

  // Until no reply is coming, or nobody may know: the server finishes a turn whoever has gone.
  async settle(reply) {
    try {
      for (let i = 0; ; i++) {
        const isComing = await this.look().catch(error => (FINAL.includes(error.status) ? Promise.reject(error) : null));
        if (isComing === false) break;
        reply.say(isComing ? t('Thinking…') : t('Waiting for the connection…'));
        await new Promise(done => setTimeout(done, POLL[Math.min(i, POLL.length - 1)]));
      }
    } catch (error) {
      this.notices.append(fault(error));
    }
    reply.remove();
  }

  // What was said stays in the thread with a way to say it again; what the server refused to take comes back into the composer.
  async #failed(error, { mine, reply, isStored, stored, text, more, again }) {
    if (!error.status && isStored) return this.settle(reply);
    if (error.code === 'turn_in_progress') return this.#overtaken(error, { mine, reply, text, more });
    if (error.status === 404) await this.look().catch(() => {}); // it has ended elsewhere: the page shows what there is now
    if (!(error instanceof ApiError)) console.error(error);
    this.notices.append(fault(error));
    reply.remove();
    if (!isStored && error.status >= 400 && error.status < 500) return this.#refused(mine, text, more);
    stored(mine.id, !isStored && !more.content);
    const retry = () => this.say(text, { ...more, again: { ...mine, isStored } });
    showMessage({ ...mine, note: isStored ? t('not answered') : t('not sent'), retry, isUnsent: !isStored });
    if (!error.status) this.composer.waiting = retry;
    return undefined;
  }

  // The text of a message that is there (content) was not typed now.
  #refused(mine, text, { content }) {
    removeMessage(mine.id);
    if (!content) this.composer.keep(text);
  }

  // By a turn of another window, or by the first try, whose answer was lost: then it is there.
  async #overtaken(error, { mine, reply, text, more }) {
    const count = () => $$('.own .body').filter(body => body.textContent === text).length;
    this.notices.append(fault(error));
    removeMessage(mine.id);
    const before = count();
    await this.settle(reply);
    if (count() === before) return this.#refused(mine, text, more);
    this.composer.clear(text, true);
    this.notices.replaceChildren();
    return undefined;
  }
}
