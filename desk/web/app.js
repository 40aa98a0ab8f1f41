// app.js - the pages of the desk, by the address after #, and what is around them.
import {api} from './api.js';
import {el, say} from './dom.js';
import {texts} from './texts.js';
import {libraryPage} from './library.js';
import {archivePage} from './archive.js';
import {filesPage} from './files.js';
import {sessionsPage, sessionPage, invite} from './sessions.js';
import {printsPage} from './prints.js';
import {filmPage} from './film.js';

const app = document.getElementById('app');
let me = null, leavePage = null;

const routes = [
  [/^$/, () => libraryPage(me), 'library'],
  [/^archive\/([^/]+)$/, (name) => archivePage(name, me), 'library'],
  [/^archive\/([^/]+)\/files$/, (name) => filesPage({archive: name}, me), 'library'],
  [/^sessions$/, () => sessionsPage(me), 'sessions'],
  [/^session\/([^/]+)$/, (id) => sessionPage(id, me), 'sessions'],
  [/^session\/([^/]+)\/files$/, (id) => filesPage({session: id}, me), 'sessions'],
  [/^session\/([^/]+)\/prints$/, (id) => printsPage(id), 'sessions'],
  [/^session\/([^/]+)\/film$/, (id) => filmPage(id), 'sessions'],
];

function header(current) {
  const link = (name, href) => el('a', {href, 'aria-current': current === name ? 'page' : undefined}, texts[name]);
  return el('header', {},
    el('a', {class: 'skip', href: '#main', onclick: (event) => { event.preventDefault(); document.getElementById('main').focus(); }}, texts.skip),
    el('a', {class: 'brand', href: '#/'}, el('img', {src: '/icon.svg', alt: '', width: 28, height: 28}), texts.name),
    el('nav', {'aria-label': texts.nav}, link('library', '#/'), link('sessions', '#/sessions')),
    el('div', {class: 'who'}, el('span', {class: 'role'}, texts.roles[me.role]),
      me.role === 'archivist' && el('button', {class: 'quiet', onclick: () => invite('reader', texts.invite, texts.inviteSaid)}, texts.invite),
      el('button', {class: 'quiet', onclick: leave}, texts.leave)));
}

async function leave() {
  await api.leave().catch(() => {});
  me = null;
  leavePage?.();
  leavePage = null;
  say('');
  door(false, texts.doorLeft);
}

function door(used = false, heading = texts.door) {
  document.title = texts.name;
  app.replaceChildren(el('main', {class: 'door', id: 'main', tabIndex: -1},
    el('img', {src: '/icon.svg', alt: '', width: 72, height: 72}),
    el('h1', {tabIndex: -1}, heading), used && el('p', {class: 'warning'}, texts.doorUsed), el('p', {}, texts.doorSaid)));
  app.querySelector('h1').focus();
}

async function show() {
  const path = location.hash.replace(/^#\/?/, '');
  if (/^[0-9a-f]{64}$/.test(path)) return enter(path);
  if (!me) return door();
  leavePage?.();
  leavePage = null;
  const route = routes.find(([pattern]) => pattern.test(path)) || routes[0];
  const main = el('main', {id: 'main', tabIndex: -1}, el('p', {class: 'waiting'}, texts.working));
  app.replaceChildren(header(route[2]), main);
  try {
    const page = await route[1](...(route[0].exec(path) || []).slice(1).map(decodeURIComponent));
    if (!main.isConnected) return page.leave?.();
    document.title = `${page.title} · ${texts.name}`;
    main.className = page.class || '';
    main.replaceChildren(...page.content);
    leavePage = page.leave || null;
    page.shown?.();
    if (!page.keepsFocus) (main.querySelector('h1') || main).focus?.({preventScroll: true});
  } catch (error) {
    if (error.status === 401) {
      me = null;
      return door();
    }
    main.replaceChildren(el('h1', {tabIndex: -1}, texts.failed(error.message)), el('p', {}, el('a', {href: '#/'}, texts.backToLibrary)));
  }
}

// The secret stands after #, where neither a log nor a look ahead sees it, and is used by this alone.
async function enter(secret) {
  history.replaceState(null, '', '/#/');
  try {
    await api.enter(secret);
    me = await api.me();
  } catch {
    me = await api.me().catch(() => null);
    if (!me) return door(true);
  }
  return show();
}

addEventListener('hashchange', show);
document.documentElement.lang = texts.language;
if (!/^#[0-9a-f]{64}$/.test(location.hash)) me = await api.me().catch(() => null);
show();
