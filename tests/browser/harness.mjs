// What a browser test imports. A test is a file NAME.test.mjs beside this one:
//
//     import test from 'node:test';
//     import assert from 'node:assert/strict';
//     import { axe, makeClass, model, open } from './harness.mjs';
//
//     test('a reply streams', async (t) => {
//         const { courseId, student, experience } = await makeClass();          // site.mjs: people, courses, api(), the command line
//         await model.script('Why does it boil?', { words: 40, perSecond: 20 }); // model.mjs: how the model replies to that
//         const page = await open(t, student);                                   // browser.mjs: signed in, watched, closed at the end
//         await page.goto(`/courses/${courseId}/ai_experiences/${experience.id}`);
//         await axe(page, 'an experience');                                      // look.mjs: axe(), fits(), shot()
//     });
//
// page is Playwright's. Tests of all files share one instance, so each makes what it changes, and says to the model what no other does.
// To run: tests/browser/install once, then `node tests/browser/run.mjs [FILE…]`. While writing a test, `node tests/browser/run.mjs --stay`
// keeps an instance up and prints how to run a file against it.
import { after } from 'node:test';
import { end } from './browser.mjs';

after(end);

export { launch, open, signIn, watch } from './browser.mjs';
export { axe, fits, resize, shot } from './look.mjs';
export { model } from './model.mjs';
export { api, colloquy, enroll, makeClass, makeCourse, makeExperience, makeUser, site, until } from './site.mjs';
