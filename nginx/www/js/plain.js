// Pages that a worker writes and that need no script: the reader's language, and who is signed in.
import { $ } from './dom.js';
import { start } from './page.js';

start(() => {}, { isOpen: !$('#sign-out') });
