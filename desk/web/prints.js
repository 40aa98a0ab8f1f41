// prints.js - what a session printed.
import {api} from './api.js';
import {el, say, save, busy, during} from './dom.js';
import {texts} from './texts.js';

export async function printsPage(id) {
  const prints = await during(texts.listingPrints, 'prints', api.jobs, api.prints(id));
  const button = (print, kind, text, ending) => el('button', {'aria-label': `${texts.print(print.number)}: ${text}`, onclick: (event) => busy(event.target, async () => {
    try {
      save(await during(texts.listingPrints, `print-${kind}`, api.jobs, api.print(id, print.number, kind)), `${id}-${print.number}.${ending}`);
    } catch (error) {
      say(texts.failed(error.message), true);
    }
  })}, text);
  return {
    title: texts.printsTitle,
    content: [
      el('p', {class: 'small'}, el('a', {href: `#/session/${id}`}, texts.backToSession)),
      el('h1', {tabIndex: -1}, texts.printsTitle),
      prints.length ? el('ul', {class: 'rows'}, prints.map((print) => el('li', {},
        el('div', {}, texts.print(print.number), el('p', {class: 'small'}, texts.bytes(print.bytes))),
        el('div', {class: 'buttons'}, print.pdf && button(print, 'pdf', texts.printPdf, 'pdf'), button(print, 'raw', texts.printRaw, 'prn'))))) : el('p', {}, texts.noPrints),
    ],
  };
}
